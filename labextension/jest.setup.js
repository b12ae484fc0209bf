// What JupyterLab's packages expect of a browser and jsdom does not have.
const { TextDecoder, TextEncoder } = require('util');

class NoObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}

Object.assign(globalThis, {
  TextDecoder,
  TextEncoder,
  DragEvent: globalThis.DragEvent ?? class DragEvent extends MouseEvent {},
  ResizeObserver: globalThis.ResizeObserver ?? NoObserver,
  IntersectionObserver: globalThis.IntersectionObserver ?? NoObserver,
  Request: globalThis.Request ?? class Request {},
  Headers: globalThis.Headers ?? Map,
  fetch: () => Promise.reject(new TypeError('nothing is fetched in these tests'))
});
window.matchMedia ??= () => ({ matches: false, addEventListener() {}, removeEventListener() {} });

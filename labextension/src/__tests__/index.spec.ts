import plugins from '..';

describe('the extension', () => {
  it('consists of plugins that start by themselves, each under a name of its own', () => {
    expect(plugins.every(plugin => plugin.autoStart)).toBe(true);
    const ids = plugins.map(plugin => plugin.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every(id => id.startsWith('jupyter_compute:'))).toBe(true);
  });
});

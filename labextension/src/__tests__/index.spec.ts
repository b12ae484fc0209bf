import plugin from '..';

describe('the extension', () => {
  it('starts by itself and needs nothing to be there', () => {
    expect(plugin.id).toBe('jupyter_compute:plugin');
    expect(plugin.autoStart).toBe(true);
    expect(plugin.requires).toBeUndefined();
  });
});

import {
  asFilter,
  cleared,
  hasGroup,
  isFiltering,
  loneStates,
  STATE_GROUPS,
  toggleGroup
} from '../model/runFilter';

const [active, completed] = STATE_GROUPS;

describe('a filter of runs', () => {
  it('is read from what was kept; what is no filter is left out', () => {
    expect(
      asFilter({
        text: 'loss',
        target: 'gpu1',
        state: ['failed', 'lost'],
        sort: '-name',
        limit: 5,
        experiment: 7
      })
    ).toEqual({
      text: 'loss',
      target: 'gpu1',
      state: ['failed'],
      sort: '-name'
    });
    expect(asFilter({ state: 'running' })).toEqual({ state: ['running'] });
    for (const wrong of [undefined, null, 'text', 3, [], { sort: 'colour' }]) {
      expect(asFilter(wrong)).toEqual({});
    }
  });

  it('restricts nothing when it only says the order', () => {
    expect(isFiltering({ sort: 'name', text: '', state: [] })).toBe(false);
    expect(isFiltering({ state: ['failed'] })).toBe(true);
    expect(cleared({ sort: 'name', text: 'x' })).toEqual({ sort: 'name' });
  });

  it('takes states together that are over together', () => {
    const both = toggleGroup(toggleGroup({}, active), completed);
    expect(hasGroup(both, active)).toBe(true);
    expect(both.state).toHaveLength(5);
    expect(toggleGroup(both, active).state).toEqual(['completed']);
  });

  it('knows the states that are chosen without the rest of their group', () => {
    const filter = { state: ['queued', 'failed'] as const };
    expect(loneStates({ state: [...filter.state] })).toEqual(['queued']);
    const all = toggleGroup({ state: [...filter.state] }, active);
    expect(loneStates(all)).toEqual([]);
  });
});

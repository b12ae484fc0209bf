import { reasonAt } from '../model/states';
import { line } from './ambientFakes';

const reason = 'no answer since 12:03, retrying in 8 s: no route to host';
const silent = { ...line('r1', 'running'), reason, retry_at: 1008 };

describe('the reason of a run whose target is silent', () => {
  it.each([
    [1000, 'no answer since 12:03, retrying in 8 s: no route to host'],
    [1005.5, 'no answer since 12:03, retrying in 3 s: no route to host'],
    [1008, 'no answer since 12:03, retrying now: no route to host'],
    [2000, 'no answer since 12:03, retrying now: no route to host'],
    [500, 'no answer since 12:03, retrying in 8 s: no route to host']
  ])('is counted down at %d', (now, words) => {
    expect(reasonAt(silent, now)).toBe(words);
  });

  it('stays as it is where nothing is retried', () => {
    expect(reasonAt({ ...silent, retry_at: null }, 2000)).toBe(reason);
    expect(reasonAt({ ...silent, state: 'completed' }, 2000)).toBe(reason);
    const waiting = { ...silent, reason: 'waiting, retrying in 8 s' };
    expect(reasonAt(waiting, 2000)).toBe(waiting.reason);
  });
});

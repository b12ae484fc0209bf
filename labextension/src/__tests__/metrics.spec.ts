import {
  align,
  byMetric,
  isLine,
  pointsOf,
  runsOf,
  smooth,
  startsOf,
  summarize,
  toCsv,
  valueAt,
  type IRunSeries
} from '../model/metrics';
import type { ISeries, Value } from '../types';

function series(value: Value[], step?: (number | null)[]): ISeries {
  return {
    step: step ?? value.map((_, place) => place),
    t: value.map((_, place) => 100 + place),
    value
  };
}

function of(runId: string, name: string, value: Value[]): IRunSeries {
  return { runId, runName: `run ${runId}`, name, series: series(value) };
}

describe('the points of a series', () => {
  it('stand at their steps, and where there is none, at their places', () => {
    expect(pointsOf(series([5, 6], [10, 20]), 'step').x).toEqual([10, 20]);
    expect(pointsOf(series([5, 6], [null, null]), 'step').x).toEqual([0, 1]);
  });

  it('stand at the seconds since the start, or at the time', () => {
    expect(pointsOf(series([5, 6]), 'since', 90).x).toEqual([10, 11]);
    expect(pointsOf(series([5, 6]), 'time').x).toEqual([100, 101]);
  });

  it('have gaps where the value is no number', () => {
    const { y } = pointsOf(series([1, 'nan', 'inf', 2]), 'step');
    expect(y).toEqual([1, null, null, 2]);
  });

  it('have gaps on a logarithmic scale where the value is not positive', () => {
    const { y } = pointsOf(series([1, 0, -3, 2]), 'step', 0, true);
    expect(y).toEqual([1, null, null, 2]);
  });

  it('are put in order when steps were repeated', () => {
    const points = pointsOf(series([1, 2, 3, 4], [0, 2, 1, 2]), 'step');
    expect(points).toEqual({ x: [0, 1, 2, 2], y: [1, 3, 2, 4] });
  });
});

describe('lines over one x', () => {
  it('stay as they are when they have the same x', () => {
    const x = [0, 1];
    const aligned = align([
      { x, y: [1, 2] },
      { x: [0, 1], y: [3, null] }
    ]);
    expect(aligned.x).toBe(x);
    expect(aligned.ys).toEqual([
      [1, 2],
      [3, null]
    ]);
  });

  it('tell a gap from a place where a line has no point', () => {
    const aligned = align([
      { x: [0, 2], y: [1, null] },
      { x: [1, 2, 3], y: [5, 6, 7] }
    ]);
    expect(aligned.x).toEqual([0, 1, 2, 3]);
    expect(aligned.ys[0]).toEqual([1, undefined, null, undefined]);
    expect(aligned.ys[1]).toEqual([undefined, 5, 6, 7]);
  });

  it('are none where there are none', () => {
    expect(align([])).toEqual({ x: [], ys: [] });
  });

  it('have the value before where they have none of their own, and none in a gap', () => {
    expect(valueAt([4, undefined, undefined], 2)).toBe(4);
    expect(valueAt([undefined, 4], 0)).toBeNull();
    expect(valueAt([4, null, undefined], 2)).toBeNull();
  });
});

describe('smoothing', () => {
  it('leaves a steady line as it is from its first point on', () => {
    const smoothed = smooth([3, 3, 3], 0.9);
    smoothed.forEach(one => expect(one).toBeCloseTo(3));
  });

  it('keeps gaps and changes nothing without weight', () => {
    expect(smooth([1, null, undefined, 5], 0)).toEqual([1, null, undefined, 5]);
  });

  it('lies between the last and the new value', () => {
    const [, second] = smooth([0, 10], 0.5);
    expect(second).toBeGreaterThan(0);
    expect(second).toBeLessThan(10);
  });
});

describe('a summary', () => {
  it('has the last, lowest and highest value with their steps', () => {
    const said = summarize(series([3, 1, 'nan', 2], [10, 20, 30, 40]));
    expect(said).toEqual({
      count: 4,
      gaps: 1,
      last: 2,
      min: 1,
      minAt: 20,
      max: 3,
      maxAt: 10
    });
  });

  it('of text has no lowest and highest value', () => {
    expect(summarize(series(['good']))).toMatchObject({
      last: 'good',
      min: null,
      max: null
    });
  });
});

describe('metrics of several runs', () => {
  const all = [
    of('b', 'loss', [1, 2]),
    of('b', 'acc10', [1]),
    of('a', 'loss', [3]),
    of('a', 'acc9', ['nan', 2])
  ];

  it('are put together by name, in the order in which people count', () => {
    expect(byMetric(all).map(one => one.name)).toEqual([
      'acc9',
      'acc10',
      'loss'
    ]);
    expect(byMetric(all)[2].series.map(one => one.runId)).toEqual(['b', 'a']);
  });

  it('make a line when a run has two numbers', () => {
    expect(
      byMetric(all)
        .filter(isLine)
        .map(one => one.name)
    ).toEqual(['loss']);
  });

  it('keep the runs in the order that was given', () => {
    expect(runsOf(all)).toEqual([
      { id: 'b', name: 'run b', place: 0 },
      { id: 'a', name: 'run a', place: 1 }
    ]);
  });

  it('begin at the first value of a run that says no start', () => {
    const starts = startsOf([{ ...all[0], started: 42 }, all[2]]);
    expect([...starts]).toEqual([
      ['b', 42],
      ['a', 100]
    ]);
  });

  it('become a file for spreadsheets in which names may have commas', () => {
    const [one] = all;
    const text = toCsv([{ ...one, runName: 'a "b", c' }]);
    expect(text.split('\r\n')).toEqual([
      'metric,run,run_id,step,time,value',
      'loss,"a ""b"", c",b,0,1970-01-01T00:01:40.000Z,1',
      'loss,"a ""b"", c",b,1,1970-01-01T00:01:41.000Z,2',
      ''
    ]);
  });
});

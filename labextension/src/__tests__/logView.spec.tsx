import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import { createRef } from 'react';
import { LogSearch } from '../components/LogSearch';
import { LogToolbar, type ILogToolbarProps } from '../components/LogToolbar';
import { lookOf } from '../components/logColours';
import { NOTHING_FOUND, type IFound } from '../components/logFinder';
import { LogModel } from '../model/log/log';
import type { ILogSource } from '../model/log/follower';
import { PLAIN, TRUE_COLOUR } from '../model/log/styles';

const trans = nullTranslator.load('jupyter_compute');

function luminance(css: string): number {
  const [red, green, blue] = (css.match(/\d+/g) ?? []).map(part => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(first: string, second: string): number {
  const [dark, light] = [luminance(first), luminance(second)].sort(
    (a, b) => a - b
  );
  return (light + 0.05) / (dark + 0.05);
}

describe('colours', () => {
  const some = [0x000000, 0xffffff, 0xffff00, 0x00ff00, 0x0000ff, 0x808080];

  it('that a program chose are changed as far as it takes to read them', () => {
    for (const rgb of some) {
      const { css } = lookOf({ ...PLAIN, foreground: TRUE_COLOUR | rgb });
      const [light, dark] = css.match(/rgb\([^)]*\)/g) ?? [];
      expect(contrast(light, 'rgb(255, 255, 255)')).toBeGreaterThanOrEqual(4.5);
      expect(contrast(dark, 'rgb(17, 17, 17)')).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('can be read on every background, also when the program says nothing of the text', () => {
    const palette = Array.from({ length: 16 }, (_, at) => at);
    const all = [...palette, ...some.map(rgb => TRUE_COLOUR | rgb)];
    for (const background of all) {
      for (const foreground of [null, ...all]) {
        const { css } = lookOf({ ...PLAIN, foreground, background });
        const [front, back] = css.match(/rgb\([^)]*\)/g) ?? [];
        expect(contrast(front, back)).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it('of a terminal are the theme’s, with what else the text is', () => {
    const look = lookOf({ ...PLAIN, foreground: 9, isBold: true, isDim: true });
    expect(look).toEqual({
      className:
        'jp-compute-Log-bold jp-compute-Log-dim jp-compute-Log-bright-red',
      css: ''
    });
  });

  it('change places when they are inverse', () => {
    const inverse = lookOf({ ...PLAIN, foreground: 1, isInverse: true });
    expect(inverse).toEqual(lookOf({ ...PLAIN, background: 1 }));
    const plain = lookOf({ ...PLAIN, isInverse: true });
    expect(plain.className).toBe('jp-compute-Log-inverse');
  });
});

describe('the toolbar', () => {
  const props: ILogToolbarProps = {
    names: ['log'],
    name: 'log',
    state: 'live',
    lineCount: 1234,
    isFollowing: true,
    isSearching: false,
    preferences: { isWrapped: false, hasLineNumbers: true },
    trans,
    onName: () => undefined,
    onFollow: () => undefined,
    onSearch: () => undefined,
    onPreferences: () => undefined,
    onCopy: () => undefined,
    onDownload: () => undefined
  };

  it('says how the log comes and how long it is', () => {
    const { rerender } = render(<LogToolbar {...props} />);
    expect(screen.getByRole('status').textContent).toBe('Live');
    expect(screen.getByText('1,234 lines')).toBeTruthy();
    rerender(<LogToolbar {...props} state="waiting" why="no answer" />);
    expect(screen.getByRole('status').textContent).toBe('Reconnecting…');
    expect(screen.getByRole('status').title).toBe('no answer');
  });

  it('lets one choose a log only when there are several', () => {
    const onName = jest.fn();
    const { rerender } = render(<LogToolbar {...props} onName={onName} />);
    expect(screen.queryByLabelText('Which log')).toBeNull();
    const names = ['log', 'logs/rank-1.log'];
    rerender(<LogToolbar {...props} names={names} onName={onName} />);
    const select = screen.getByLabelText('Which log');
    fireEvent.change(select, { target: { value: 'logs/rank-1.log' } });
    expect(onName).toHaveBeenCalledWith('logs/rank-1.log');
  });

  it('changes one preference and keeps the other', () => {
    const onPreferences = jest.fn();
    render(<LogToolbar {...props} onPreferences={onPreferences} />);
    const wrap = screen.getByRole('button', { name: 'Wrap long lines' });
    expect(wrap.getAttribute('aria-pressed')).toBe('false');
    fireEvent.click(wrap);
    expect(onPreferences).toHaveBeenCalledWith({
      isWrapped: true,
      hasLineNumbers: true
    });
  });
});

describe('the search bar', () => {
  function shown(text: string, found: Partial<IFound>): string | null {
    const { unmount } = render(
      <LogSearch
        query={{ text, isCaseSensitive: false, isRegExp: false }}
        found={{ ...NOTHING_FOUND, ...found }}
        trans={trans}
        input={createRef()}
        onQuery={() => undefined}
        onStep={() => undefined}
        onClose={() => undefined}
      />
    );
    const { textContent } = screen.getByRole('status');
    unmount();
    return textContent;
  }

  it('says what was found', () => {
    expect(shown('', {})).toBe('');
    expect(shown('a', {})).toBe('No matches');
    expect(shown('a', { isWhole: false })).toBe('Searching…');
    expect(shown('a', { total: 1 })).toBe('1 match');
    expect(shown('a', { total: 12, place: 3 })).toBe('3 of 12');
    const many = { total: 100_000, place: 3, isWhole: false };
    expect(shown('a', many)).toBe('3 of 100,000+');
    expect(shown('(', { isInvalid: true })).toBe('Not a regular expression');
  });
});

describe('the logs of a run', () => {
  /** What is in each log, of each attempt. */
  const LOGS: Record<string, string[]> = {
    log: ['first try', 'second try\n'],
    'logs/rank-1.log': ['', 'other']
  };

  const source: ILogSource = {
    followLog: () => {
      throw new Error('not asked for');
    },
    logs: async () => ({ logs: {}, attempt: 2, is_final: true }),
    log: async (_, { offset, attempt = 1, name = 'log' }) => {
      const text = LOGS[name][attempt - 1];
      const bytes = new TextEncoder().encode(text).slice(offset);
      const nextOffset = offset + bytes.length;
      return { bytes, offset, nextOffset, attempt, isFinal: true };
    }
  };

  function refusing(): ILogSource {
    const followLog = () => {
      const socket = { close: () => undefined } as WebSocket;
      queueMicrotask(() => socket.onclose?.(new CloseEvent('close')));
      return socket;
    };
    return { ...source, followLog };
  }

  async function until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      await new Promise(resolve => setTimeout(resolve, 1));
    }
  }

  it('are read to the end with a line between attempts, and one after the other', async () => {
    const model = new LogModel({
      source: refusing(),
      id: 'r1',
      dividerOf: attempt => `Attempt ${attempt}`
    });
    await until(() => model.follower.state === 'ended');
    const text = () => model.document.text.toString();
    expect(text()).toBe('first try\nAttempt 2\nsecond try\n');
    expect(model.document.lineCount).toBe(3);
    model.offer(['log', 'logs/rank-1.log']);
    expect(model.names).toHaveLength(2);
    model.select('logs/rank-1.log');
    await until(() => model.follower.state === 'ended');
    expect(text()).toBe('Attempt 2\nother');
    model.dispose();
  });

  it('are kept byte for byte, all attempts of them', async () => {
    const model = new LogModel({
      source: refusing(),
      id: 'r1',
      dividerOf: String
    });
    await until(() => model.follower.state === 'ended');
    const blob = await model.download();
    expect(blob.size).toBe('first trysecond try\n'.length);
    model.dispose();
  });
});

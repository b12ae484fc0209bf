import { nullTranslator } from '@jupyterlab/translation';
import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { SizeTree, type ISizeTreeProps } from '../components/SizeTree';
import { firstOpen, foldersOf, sizeRows, sizeTree } from '../model/sizes';
import type { IExcluded, ISizeEntry } from '../types';

const trans = nullTranslator.load('jupyter_compute');

const ENTRIES: ISizeEntry[] = [
  { path: '', files: 4, bytes: 1_000_110 },
  { path: 'a.txt', files: 1, bytes: 10 },
  { path: 'data/', files: 2, bytes: 1_000_000 },
  { path: 'data/big.bin', files: 1, bytes: 999_000 },
  { path: 'data/small.bin', files: 1, bytes: 1000 },
  { path: 'train.py', files: 1, bytes: 100 }
];

const RULE: IExcluded = {
  path: 'cache/old/',
  source: '.gitignore',
  line: 3,
  pattern: 'old'
};

/** In jsdom nothing has a size, so that nothing would be in sight. */
beforeAll(() => {
  Object.defineProperty(HTMLElement.prototype, 'clientHeight', {
    configurable: true,
    get: () => 600
  });
});

function show(extra: Partial<ISizeTreeProps> = {}) {
  const selected: string[] = [];
  render(
    <SizeTree
      entries={ENTRIES}
      onSelect={path => selected.push(path)}
      trans={trans}
      {...extra}
    />
  );
  return { selected, user: userEvent.setup() };
}

/** The names in sight. */
function names(): (string | null)[] {
  return [...document.querySelectorAll('.jp-compute-SizeTree-text')].map(
    text => text.textContent
  );
}

describe('the tree of sizes', () => {
  it('has the largest first, or goes by name with folders first', async () => {
    const { user } = show();
    expect(names()).toEqual(['data', 'train.py', 'a.txt']);
    await user.click(screen.getByRole('button', { name: /^Name/ }));
    expect(names()).toEqual(['data', 'a.txt', 'train.py']);
    const header = screen.getByRole('columnheader', { name: /^Name/ });
    expect(header.getAttribute('aria-sort')).toBe('ascending');
  });

  it('opens and closes folders by keys, and moves with the arrows', async () => {
    const { user, selected } = show();
    await user.tab();
    await user.tab();
    await user.tab();
    const folder = screen.getByRole('row', { name: /data/ });
    expect(document.activeElement).toBe(folder);
    expect(folder.getAttribute('aria-expanded')).toBe('false');
    await user.keyboard('{ArrowRight}');
    expect(names()).toEqual([
      'data',
      'big.bin',
      'small.bin',
      'train.py',
      'a.txt'
    ]);
    await user.keyboard('{ArrowRight}');
    await act(() => new Promise(done => requestAnimationFrame(() => done())));
    expect(document.activeElement?.textContent).toContain('big.bin');
    await user.keyboard('{Enter}');
    expect(selected).toEqual(['data/big.bin']);
    await user.keyboard('{ArrowLeft}');
    await act(() => new Promise(done => requestAnimationFrame(() => done())));
    await user.keyboard('{ArrowLeft}');
    expect(names()).toEqual(['data', 'train.py', 'a.txt']);
  });

  it('shows what is left out in its place, with the rule', async () => {
    const { user } = show({ excluded: [RULE] });
    expect(names()).toEqual(['data', 'train.py', 'a.txt', 'cache']);
    await user.click(screen.getByRole('row', { name: /cache/ }));
    expect(
      screen.getByText('left out by “old” in .gitignore, line 3')
    ).toBeDefined();
  });

  it('opens the folders of what is selected', () => {
    show({ selected: 'data/small.bin' });
    const row = screen.getByRole('row', { name: /small\.bin/ });
    expect(row.getAttribute('aria-selected')).toBe('true');
    expect(row.getAttribute('aria-level')).toBe('2');
  });

  it('has actions for a row', async () => {
    const acted: string[] = [];
    const { user, selected } = show({
      renderActions: path => (
        <button onClick={() => acted.push(path)}>Leave out {path}</button>
      )
    });
    await user.click(screen.getByRole('button', { name: 'Leave out data/' }));
    expect(acted).toEqual(['data/']);
    expect(selected).toEqual([]);
  });

  it('draws only what is in sight of many files', () => {
    const many = Array.from({ length: 20_000 }, (_, place) => ({
      path: `f${place}`,
      files: 1,
      bytes: place
    }));
    const whole = { path: '', files: many.length, bytes: 199_990_000 };
    show({ entries: [whole, ...many] });
    expect(screen.getByRole('treegrid').getAttribute('aria-rowcount')).toBe(
      '20001'
    );
    expect(screen.getAllByRole('row').length).toBeLessThan(80);
  });
});

describe('a size tree', () => {
  it('opens the folders that are alone, down to where there is a choice', () => {
    const root = sizeTree([
      { path: '', files: 2, bytes: 2 },
      { path: 'a/', files: 2, bytes: 2 },
      { path: 'a/b/', files: 2, bytes: 2 },
      { path: 'a/b/x', files: 1, bytes: 1 },
      { path: 'a/b/y', files: 1, bytes: 1 }
    ]);
    expect([...firstOpen(root)]).toEqual(['a/', 'a/b/']);
    const rows = sizeRows(root, firstOpen(root), 'name');
    expect(rows.map(row => [row.node.name, row.level])).toEqual([
      ['a', 1],
      ['b', 2],
      ['x', 3],
      ['y', 3]
    ]);
  });

  it('knows the folders that a path stands in', () => {
    expect(foldersOf('a/b/c')).toEqual(['a/', 'a/b/']);
    expect(foldersOf('a/b/')).toEqual(['a/']);
  });
});

import { nullTranslator } from '@jupyterlab/translation';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { RunDetails } from '../components/RunDetails';
import type { IRun } from '../types';
import { aRun } from './runFixture';

const trans = nullTranslator.load('jupyter_compute');

function show(run: Partial<IRun>) {
  const opened: string[] = [];
  render(
    <RunDetails
      run={aRun(run)}
      trans={trans}
      onOpenRun={id => opened.push(id)}
    />
  );
  return { opened, user: userEvent.setup() };
}

function row(name: string): string {
  return (
    screen.getByRole('rowheader', { name }).nextElementSibling?.textContent ??
    ''
  );
}

describe('the details of a run', () => {
  it('show the code of a cell and where it stands', () => {
    show({
      command: { type: 'cell', code: 'x = 1\n', notebook: 'a.ipynb' }
    });
    const code = screen.getByRole('region', { name: 'The code of the cell' });
    expect(code.textContent).toBe('x = 1\n');
    expect(row('Notebook')).toBe('a.ipynb');
  });

  it('show each word of a command apart', () => {
    show({ command: { type: 'argv', argv: ['echo', 'two words', ''] } });
    const words = screen
      .getByRole('rowheader', { name: 'Program' })
      .nextElementSibling?.querySelectorAll('code');
    expect([...(words ?? [])].map(word => word.textContent)).toEqual([
      'echo',
      'two words',
      '""'
    ]);
  });

  it('show parameters, and nothing where there is nothing', () => {
    show({ params: { lr: 0.1, layers: [1, 2] } });
    expect(row('lr')).toBe('0.1');
    expect(row('layers')).toBe('[1,2]');
    expect(screen.queryByRole('heading', { name: 'Tags' })).toBeNull();
    expect(screen.queryByRole('heading', { name: 'Inputs' })).toBeNull();
  });

  it('find a package among those that were there', async () => {
    const packages = { numpy: '2.4.6', pandas: '3.1.1', pip: '23.2' };
    const { user } = show({ facts: { ...aRun().facts, packages } });
    await user.click(screen.getByText('3 packages'));
    await user.type(screen.getByLabelText('Find a package'), 'PAN');
    const list = within(screen.getByRole('list', { name: 'Packages' }));
    expect(list.getAllByRole('listitem').map(one => one.textContent)).toEqual([
      'pandas 3.1.1'
    ]);
    expect(screen.getByText('1 of 3')).toBeDefined();
  });

  it('show values of variables only when asked, and never a secret', async () => {
    const { user } = show({
      env: { THREADS: '4' },
      secrets: { TOKEN: 'keyring:hub/me' }
    });
    expect(row('THREADS')).toBe('••••');
    expect(row('TOKEN')).toBe('secret, from keyring:hub/me');
    await user.click(screen.getByRole('button', { name: 'Show values' }));
    expect(row('THREADS')).toBe('4');
  });

  it('lead to the run that was repeated', async () => {
    const { opened, user } = show({ rerun_of: 'r0' });
    await user.click(screen.getByRole('button', { name: 'r0' }));
    expect(opened).toEqual(['r0']);
  });

  it('say what git knew', () => {
    show({
      git: {
        repository: 'https://example.org/digits',
        branch: 'main',
        commit: '0123456789abcdef',
        dirty: true
      }
    });
    expect(row('Branch')).toBe('main');
    expect(row('Commit')).toContain('0123456789ab');
    expect(row('Commit')).toContain('not committed');
  });

  it('list what travelled beside the snapshot', () => {
    show({
      inputs: [
        {
          path: 'inputs/x.npy',
          digest: 'd',
          size: 1500,
          codec: 'npy',
          name: 'x',
          type: 'numpy.ndarray'
        }
      ]
    });
    expect(
      screen.getByRole('row', { name: 'x numpy.ndarray 1.5 kB' })
    ).toBeDefined();
  });
});

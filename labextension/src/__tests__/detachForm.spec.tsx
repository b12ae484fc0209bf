import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import { DetachForm } from '../components/DetachForm';
import type { IDetachAsked } from '../types';

const trans = nullTranslator.load('jupyter_compute');

function show(active: number): IDetachAsked[] {
  const told: IDetachAsked[] = [];
  const onChange = (asked: IDetachAsked) => told.push(asked);
  render(<DetachForm active={active} onChange={onChange} trans={trans} />);
  return told;
}

const box = (name: string) => screen.getByRole('checkbox', { name });

describe('the form that detaches a target', () => {
  it('removes files only once no run needs them', () => {
    const told = show(2);
    expect(screen.getByText(/2 runs go on there/)).toBeDefined();
    const files = box('Remove the files of all runs there, too');
    expect(files).toHaveProperty('disabled', true);
    fireEvent.click(box('End its runs first'));
    fireEvent.click(files);
    expect(told.at(-1)).toEqual({ cancel: true, purge: true });
    fireEvent.click(box('End its runs first'));
    expect(told.at(-1)).toEqual({ cancel: false, purge: false });
  });

  it('has nothing to end where nothing runs', () => {
    const told = show(0);
    expect(screen.getAllByRole('checkbox')).toHaveLength(1);
    fireEvent.click(box('Remove the files of all runs there, too'));
    expect(told.at(-1)).toEqual({ cancel: false, purge: true });
  });
});

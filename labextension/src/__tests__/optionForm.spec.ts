import {
  askedOptions,
  changedOptions,
  keptSecrets,
  MASK,
  readForm,
  startData
} from '../model/optionForm';
import { findProblems } from '../model/optionProblems';
import { makeKind, trans } from './targetFakes';

const form = readForm(makeKind().options);
const inputs = Object.fromEntries(
  form.options.map(option => [option.name, option.input])
);

function problems(data: Record<string, unknown>, kept = new Set<string>()) {
  return findProblems(form, data as never, kept, trans);
}

describe('the form of a kind of target', () => {
  it('asks for each option by what it takes', () => {
    expect(inputs).toEqual({
      host: 'text',
      port: 'number',
      slots: 'number',
      keep: 'switch',
      queue: 'choice',
      password: 'secret',
      key: 'path',
      modules: 'lines',
      env: 'pairs',
      resources: 'pairs'
    });
  });

  it('takes a number or nothing as a number that may be left empty', () => {
    const slots = form.options.find(option => option.name === 'slots');
    expect(slots?.schema).toMatchObject({ type: 'integer', minimum: 1 });
    expect(slots?.schema).not.toHaveProperty('anyOf');
    expect(slots?.default).toBeUndefined();
    const listed = readForm({
      properties: { slots: { type: ['integer', 'null'] } }
    });
    expect(listed.options[0].input).toBe('number');
  });

  it('keeps groups in the order of their first options', () => {
    expect(form.groups).toEqual(['', 'Runs']);
  });

  it('shows a default as chosen only where a field cannot be empty', () => {
    expect(startData(form, {})).toEqual({ keep: true, queue: 'short' });
  });

  it('asks only for what differs from the defaults', () => {
    const data = {
      ...startData(form, {}),
      host: 'gpu1',
      port: 22,
      slots: 2,
      key: '',
      modules: []
    };
    expect(askedOptions(form, data)).toEqual({ host: 'gpu1', slots: 2 });
  });

  it('leaves a secret as it is unless it is changed or removed', () => {
    const set = { host: 'gpu1', password: MASK };
    const kept = keptSecrets(form, set);
    const data = startData(form, set);
    expect(data).not.toHaveProperty('password');
    expect(askedOptions(form, data, kept).password).toBe(MASK);
    const other = askedOptions(form, { ...data, password: 'new' }, kept);
    expect(other.password).toBe('new');
    const gone = askedOptions(form, { ...data, password: '' }, kept);
    expect(changedOptions(set, gone)).toEqual({ host: 'gpu1', password: null });
  });

  it('takes an option back that is emptied', () => {
    const set = { host: 'gpu1', slots: 2 };
    expect(changedOptions(set, { host: 'gpu2' })).toEqual({
      host: 'gpu2',
      slots: null
    });
  });

  it('says what is wrong in plain words', () => {
    expect(problems({})).toEqual({ host: 'This is required.' });
    expect(problems({ host: '' }).host).toBe('This is required.');
    expect(problems({ host: 'x', slots: 'many' })).toEqual({
      slots: 'It takes a whole number, not “many”.'
    });
    expect(problems({ host: 'x', port: 0 })).toEqual({
      port: 'It is at least 1.'
    });
    expect(problems({ host: 'x', port: 2.5 }).port).toMatch('whole number');
    expect(problems({ host: 'x', queue: 'none' }).queue).toBe(
      'It is one of: short, long.'
    );
  });

  it('says which part of a value is wrong', () => {
    expect(problems({ host: 'x', env: { A: '1', B: null } }).env).toBe(
      'It takes NAME=value on each line, not “B”.'
    );
    const counted = readForm({
      properties: {
        resources: {
          type: 'object',
          additionalProperties: { type: 'number' }
        }
      }
    });
    const data = { resources: { 'a.b': 1, TPU: 'four' } };
    expect(findProblems(counted, data, new Set(), trans)).toEqual({
      resources: 'It takes a number, not “four”.'
    });
  });

  it('does not miss a secret that is set', () => {
    const strict = readForm({
      properties: { token: { type: 'string', writeOnly: true } },
      required: ['token']
    });
    const kept = new Set(['token']);
    expect(findProblems(strict, {}, kept, trans)).toEqual({});
    expect(findProblems(strict, { token: '' }, kept, trans)).toHaveProperty(
      'token'
    );
  });
});

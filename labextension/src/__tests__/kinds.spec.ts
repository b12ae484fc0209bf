import type { TranslationBundle } from '@jupyterlab/translation';
import { translateKind } from '../model/kinds';
import { readForm } from '../model/optionForm';

const GERMAN: Record<string, string> = {
  'A machine by SSH': 'Ein Rechner über SSH',
  'Private key': 'Privater Schlüssel',
  Login: 'Anmeldung'
};

const bundle = {
  _p: (_context: string, text: string) => GERMAN[text] ?? text
} as unknown as TranslationBundle;

function kindOf(title: string, field: Record<string, string>) {
  const options = { properties: { key_file: field } };
  return translateKind({ kind: 'ssh', title, options, error: null }, bundle);
}

describe('a kind of target in another language', () => {
  it('has its title, its options and their groups translated, and keeps their names', () => {
    const field = { type: 'string', title: 'Private key', group: 'Login' };
    const kind = kindOf('A machine by SSH', field);
    expect(kind.title).toBe('Ein Rechner über SSH');
    expect(readForm(kind.options).options[0]).toMatchObject({
      name: 'key_file',
      title: 'Privater Schlüssel',
      group: 'Anmeldung',
      input: 'text'
    });
  });

  it('says what nobody has translated as it is', () => {
    const kind = kindOf('', {
      type: 'string',
      title: 'Quux',
      default: 'Login'
    });
    expect(kind.title).toBe('');
    const [option] = readForm(kind.options).options;
    expect(option.title).toBe('Quux');
    expect(option.default).toBe('Login');
  });
});

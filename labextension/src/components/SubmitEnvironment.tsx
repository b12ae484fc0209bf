import type { TranslationBundle } from '@jupyterlab/translation';
import type { EnvironmentChoice, IDraft } from '../model/draft';
import { SelectField, TextField } from './SubmitField';

export interface ISubmitEnvironmentProps {
  trans: TranslationBundle;
  draft: IDraft;
  /** What the default is. */
  defaultLabel: string;
  /** Files of the folder that an environment can be made from. */
  files: readonly string[];
  problem?: string;
  onChange: (part: Partial<IDraft>) => void;
}

/**
 * What the code runs in.
 */
export function SubmitEnvironment({
  trans,
  draft,
  defaultLabel,
  files,
  problem,
  onChange
}: ISubmitEnvironmentProps): JSX.Element {
  const { environment, environmentText } = draft;
  const isFile = environment === 'file';
  const choose = (value: string) => {
    const file = value.startsWith('file:') ? value.slice('file:'.length) : '';
    onChange({
      environment: file ? 'file' : (value as EnvironmentChoice),
      environmentText: file
    });
  };
  const chosen = isFile ? `file:${environmentText}` : environment;
  const isTyped = !isFile && environment !== 'default';
  return (
    <>
      <SelectField
        label={trans.__('Environment')}
        value={chosen}
        onChange={choose}
        problem={isTyped ? undefined : problem}
        options={[
          ['default', defaultLabel],
          ...named(isFile ? [...files, environmentText] : files),
          ['packages', trans.__('Packages…')],
          ['python', trans.__('Another Python…')],
          ['image', trans.__('A container image…')]
        ]}
      />
      {isTyped && (
        <TextField
          {...wordsFor(environment, trans)}
          value={environmentText}
          problem={problem}
          rows={environment === 'packages' ? 3 : 1}
          onChange={text => onChange({ environmentText: text })}
        />
      )}
    </>
  );
}

function named(files: readonly string[]): [string, string][] {
  return [...new Set(files)].map(name => [`file:${name}`, name]);
}

function wordsFor(
  environment: EnvironmentChoice,
  trans: TranslationBundle
): { label: string; help: string; placeholder: string } {
  switch (environment) {
    case 'packages':
      return {
        label: trans.__('Packages'),
        help: trans.__('One a line, or with commas between them.'),
        placeholder: 'numpy\npandas>=2'
      };
    case 'image':
      return {
        label: trans.__('Image'),
        help: trans.__('As a registry names it.'),
        placeholder: 'python:3.12-slim'
      };
    default:
      return {
        label: trans.__('Python'),
        help: trans.__('A version, or the path of an interpreter there.'),
        placeholder: '3.12'
      };
  }
}

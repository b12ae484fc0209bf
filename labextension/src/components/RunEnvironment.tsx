import type { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import type { Environment, IRun } from '../types';

export interface IRunEnvironmentProps {
  run: IRun;
  trans: TranslationBundle;
}

/**
 * What a run's code runs in: what was asked for, and what was found there.
 */
export function RunEnvironment({
  run,
  trans
}: IRunEnvironmentProps): JSX.Element {
  const { facts } = run;
  const packages = Object.entries(facts.packages);
  return (
    <>
      <table className="jp-compute-RunDetails-table">
        <tbody>
          <Asked environment={run.environment} trans={trans} />
          {facts.interpreter && (
            <tr>
              <th scope="row">{trans.__('Ran with')}</th>
              <td>
                {facts.python && trans.__('Python %1', facts.python)}{' '}
                <code>{facts.interpreter}</code>
              </td>
            </tr>
          )}
        </tbody>
      </table>
      {packages.length > 0 && <Packages packages={packages} trans={trans} />}
    </>
  );
}

interface IAskedProps {
  environment: Environment;
  trans: TranslationBundle;
}

function Asked({ environment, trans }: IAskedProps): JSX.Element {
  switch (environment.type) {
    case 'python':
      return (
        <tr>
          <th scope="row">{trans.__('Interpreter')}</th>
          <td>
            {environment.interpreter ? (
              <code>{environment.interpreter}</code>
            ) : (
              trans.__('as the target has it')
            )}
          </td>
        </tr>
      );
    case 'image':
      return (
        <tr>
          <th scope="row">{trans.__('Image')}</th>
          <td>
            <code>{environment.dockerfile || environment.image}</code>
          </td>
        </tr>
      );
    case 'conda':
      return <File name="environment.yml" text={environment.text} />;
    case 'packages':
      return (
        <>
          {environment.requirements.length > 0 && (
            <tr>
              <th scope="row">{trans.__('Requirements')}</th>
              <td className="jp-compute-RunDetails-words">
                {environment.requirements.map(line => (
                  <code key={line}>{line}</code>
                ))}
              </td>
            </tr>
          )}
          {Object.entries(environment.files).map(([name, text]) => (
            <File key={name} name={name} text={text} />
          ))}
          {environment.python && (
            <tr>
              <th scope="row">{trans.__('Built with')}</th>
              <td>
                <code>{environment.python}</code>
              </td>
            </tr>
          )}
        </>
      );
  }
}

function File({ name, text }: { name: string; text: string }): JSX.Element {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <pre tabIndex={0} aria-label={name} role="region">
          {text}
        </pre>
      </td>
    </tr>
  );
}

interface IPackagesProps {
  packages: readonly [string, string][];
  trans: TranslationBundle;
}

function Packages({ packages, trans }: IPackagesProps): JSX.Element {
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  const found = packages.filter(([name]) =>
    name.toLowerCase().includes(wanted)
  );
  return (
    <details className="jp-compute-RunEnvironment-packages">
      <summary>
        {trans._n('%1 package', '%1 packages', packages.length)}
      </summary>
      <input
        type="search"
        className="jp-compute-Input"
        placeholder={trans.__('Find a package')}
        aria-label={trans.__('Find a package')}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      <p role="status">
        {wanted && trans.__('%1 of %2', found.length, packages.length)}
      </p>
      <ul aria-label={trans.__('Packages')}>
        {found.map(([name, version]) => (
          <li key={name}>
            {name} <span>{version}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

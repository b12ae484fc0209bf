import type { TranslationBundle } from '@jupyterlab/translation';
import { foldersOf, type IDraft, type Subject } from '../model/draft';
import type { Problems } from '../model/draftProblems';
import type { IError, ITarget } from '../types';
import { ErrorNotice } from './ErrorNotice';
import { SubmitEnvironment } from './SubmitEnvironment';
import { SelectField, TextField } from './SubmitField';
import { SubmitNeeds, SubmitProcesses } from './SubmitNeeds';
import { SubmitPairs } from './SubmitPairs';
import { SubmitParameters } from './SubmitParameters';
import { SubmitPreview, type ISubmitPreviewProps } from './SubmitPreview';
import { SubmitTarget } from './SubmitTarget';

export interface ISubmitFormProps {
  trans: TranslationBundle;
  subject: Subject;
  draft: IDraft;
  targets: readonly ITarget[] | null;
  /** The files of the folder that an environment can be made from. */
  environmentFiles: readonly string[];
  /** What the code runs in if nothing is chosen. */
  defaultEnvironment: string;
  problems: Problems;
  error: IError | null;
  isSending: boolean;
  /** Something to know before anything is chosen. */
  notice: string;
  preview: Omit<ISubmitPreviewProps, 'trans'>;
  onChange: (part: Partial<IDraft>) => void;
}

/**
 * All that can be said about a run before it is submitted; what is rarely needed is folded.
 */
export function SubmitForm(props: ISubmitFormProps): JSX.Element {
  const { trans, draft, problems, subject, onChange } = props;
  const shared = { trans, draft, problems, onChange };
  return (
    <div className="jp-compute-Submit" aria-busy={props.isSending}>
      {props.notice && (
        <p className="jp-compute-Submit-notice">{props.notice}</p>
      )}
      <SubmitTarget {...shared} targets={props.targets} />
      <Labels {...props} />
      {subject.type === 'script' && (
        <TextField
          label={trans.__('Arguments')}
          help={trans.__('As you would type them in a shell.')}
          placeholder="--lr 0.1"
          value={draft.args}
          problem={problems['args']}
          onChange={args => onChange({ args })}
        />
      )}
      <KnownParameters {...props} />
      <SubmitEnvironment
        {...shared}
        defaultLabel={props.defaultEnvironment}
        files={props.environmentFiles}
        problem={problems['environment']}
      />
      <SubmitNeeds {...shared} />
      <section>
        <h3>{trans.__('Files')}</h3>
        <SubmitPreview trans={trans} {...props.preview} />
      </section>
      <More {...props} />
      <div className="jp-compute-Submit-outcome" aria-live="polite">
        {props.error && <ErrorNotice error={props.error} trans={trans} />}
        {props.isSending && <p>{trans.__('Submitting…')}</p>}
      </div>
    </div>
  );
}

function Labels({
  trans,
  draft,
  subject,
  onChange
}: ISubmitFormProps): JSX.Element {
  const file = subject.path.slice(subject.path.lastIndexOf('/') + 1);
  const folder = draft.source.slice(draft.source.lastIndexOf('/') + 1);
  return (
    <div className="jp-compute-Submit-grid">
      <TextField
        label={trans.__('Name')}
        placeholder={file.replace(/\.[^.]+$/, '')}
        value={draft.name}
        onChange={name => onChange({ name })}
      />
      <TextField
        label={trans.__('Experiment')}
        placeholder={folder || trans.__('the folder’s name')}
        value={draft.experiment}
        onChange={experiment => onChange({ experiment })}
      />
    </div>
  );
}

function KnownParameters(props: ISubmitFormProps): JSX.Element | null {
  const { trans, subject } = props;
  if (subject.type !== 'notebook' || subject.parameters.length === 0) {
    return null;
  }
  return (
    <section>
      <h3>{trans.__('Parameters')}</h3>
      <SubmitParameters {...props} known={subject.parameters} help="" />
    </section>
  );
}

function More(props: ISubmitFormProps): JSX.Element {
  const { trans, draft, subject, problems, onChange } = props;
  const hasFields =
    subject.type === 'notebook' && subject.parameters.length > 0;
  const folders = foldersOf(subject.path);
  const pairs = { trans, problems };
  return (
    <details className="jp-compute-Submit-more" open={hasMore(draft, problems)}>
      <summary>{trans.__('More')}</summary>
      {!hasFields && (
        <SubmitParameters {...props} known={[]} help={paramHelp(props)} />
      )}
      <SubmitPairs
        {...pairs}
        legend={trans.__('Environment variables')}
        addLabel={trans.__('variable')}
        pairs={draft.env}
        onChange={env => onChange({ env })}
        field="env"
      />
      <SubmitPairs
        {...pairs}
        legend={trans.__('Secrets')}
        help={trans.__(
          'Where a secret is kept, never the secret itself; it becomes an environment variable.'
        )}
        addLabel={trans.__('secret')}
        valuePlaceholder="env:MY_TOKEN"
        pairs={draft.secrets}
        onChange={secrets => onChange({ secrets })}
        field="secrets"
      />
      <SubmitPairs
        {...pairs}
        legend={trans.__('Tags')}
        addLabel={trans.__('tag')}
        pairs={draft.tags}
        onChange={tags => onChange({ tags })}
        field="tags"
      />
      <SubmitProcesses {...props} />
      {folders.length > 1 && (
        <SelectField
          label={trans.__('Folder that goes along')}
          help={trans.__('The run works in a copy of it.')}
          value={draft.source}
          options={folders.map(one => [one, one || trans.__('all of it: /')])}
          onChange={source => onChange({ source })}
        />
      )}
    </details>
  );
}

function paramHelp({ trans, subject }: ISubmitFormProps): string {
  switch (subject.type) {
    case 'notebook':
      return trans.__(
        'They are set before the first cell. A cell tagged “parameters” would be offered as fields.'
      );
    case 'cell':
      return trans.__('They are set before the cell’s first line.');
    case 'script':
      return trans.__('The script reads them by jupyter_compute_run.params().');
  }
}

/** What was filled in must not hide. */
function hasMore(draft: IDraft, problems: Problems): boolean {
  const lists = [draft.moreParams, draft.env, draft.secrets, draft.tags];
  return (
    lists.some(list => list.length > 0) ||
    [draft.nodes, draft.processes].some(Boolean) ||
    'nodes' in problems
  );
}

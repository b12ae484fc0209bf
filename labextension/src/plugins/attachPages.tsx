import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig, PathExt, URLExt } from '@jupyterlab/coreutils';
import { FileDialog, IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import type { ReactWidget } from '@jupyterlab/ui-components';
import { AttachForm as AttachFormView } from '../components/AttachForm';
import { computeIcon } from '../components/icons';
import { AttachForm } from '../model/attachForm';
import { CommandIDs, type ICompute } from '../tokens';
import type { ITarget } from '../types';
import { Live } from './live';
import { Pages } from './pages';
import type { ITargetArgs } from './targetPages';

export interface IAttachPages {
  attach: (kind?: string) => void;
  edit: (name: string) => void;
}

/**
 * The forms that attach a target and edit the options of one, each on a page.
 */
export function attachPages(
  app: JupyterFrontEnd,
  compute: ICompute,
  restorer: ILayoutRestorer | null
): IAttachPages {
  const { trans } = compute;
  const done = (target: ITarget) => {
    const { name } = target;
    void app.commands.execute(CommandIDs.openTarget, { name });
    void app.commands.execute(CommandIDs.checkTarget, { name });
  };
  const create = (edited?: string, kind?: string) => {
    const form = new AttachForm({
      targets: compute.targets,
      trans,
      edited,
      kind
    });
    const page = formPage(form, app, compute);
    form.saved.connect((_, target) => {
      // The page goes with its form, and the form must not go while it tells that it is saved.
      done(target);
      page.parent?.dispose();
    });
    return page;
  };
  const shared = { app, restorer, icon: computeIcon };
  const attach = new Pages<{ kind?: string }>({
    ...shared,
    namespace: 'compute-attach',
    command: CommandIDs.attach,
    key: () => 'new',
    label: () => trans.__('Attach a Target'),
    create: ({ kind }) => create(undefined, kind)
  });
  const edit = new Pages<ITargetArgs>({
    ...shared,
    namespace: 'compute-edit-target',
    command: CommandIDs.editTarget,
    key: ({ name }) => name,
    label: ({ name }) => trans.__('Options of %1', name),
    create: ({ name }) => create(name)
  });
  return {
    attach: kind => void attach.open(kind ? { kind } : {}),
    edit: name => void edit.open({ name })
  };
}

function formPage(
  form: AttachForm,
  app: JupyterFrontEnd,
  { trans }: ICompute
): ReactWidget {
  let onBrowse: (() => Promise<string | null>) | null = null;
  const draw = () => (
    <AttachFormView
      state={form.state}
      trans={trans}
      onChoose={kind => form.choose(kind)}
      onName={name => form.setName(name)}
      onChange={data => form.setData(data)}
      onTouch={name => form.touch(name)}
      onBrowse={onBrowse}
      onTest={() => void form.test()}
      onCancelTest={() => form.cancelTest()}
      onSave={() => void form.save()}
      onReplace={() => void form.save(true)}
      onRetry={() => void form.load()}
    />
  );
  const page = new Live(draw, [form.changed]);
  page.addClass('jp-compute-Page');
  page.disposed.connect(() => form.dispose());
  // The file browser is slow to start, and no form waits for it.
  void app.resolveOptionalService(IDefaultFileBrowser).then(files => {
    onBrowse = files && (() => browse(files, trans));
    page.update();
  });
  return page;
}

/** Let somebody choose a file or folder; its path is the server's machine's own. */
async function browse(
  files: IDefaultFileBrowser,
  trans: ICompute['trans']
): Promise<string | null> {
  const { value } = await FileDialog.getOpenFiles({
    manager: files.model.manager,
    title: trans.__('Choose a file or folder')
  });
  return value?.[0] ? pathOnServer(value[0].path) : null;
}

function pathOnServer(path: string): string {
  const address = PageConfig.getOption('rootUri');
  const root = address
    ? decodeURIComponent(URLExt.parse(address).pathname)
    : PageConfig.getOption('serverRoot');
  return PathExt.join(root, path);
}

import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ComputeError } from '../request';

/** Drives whose files are those of the server: its own, and the one of real-time collaboration. */
const OWN_DRIVES = ['', 'RTC'];

/**
 * The path at which the server has a document.
 *
 * @throws {ComputeError} It is on another drive.
 */
export function placeOf(
  contents: Contents.IManager,
  path: string,
  trans: TranslationBundle
): string {
  const drive = contents.driveName(path);
  if (!OWN_DRIVES.includes(drive)) {
    throw new ComputeError(
      0,
      'Refused',
      trans.__(
        '%1 is on the drive “%2”, which cannot be submitted.',
        path,
        drive
      ),
      trans.__('Copy it into a folder of this server, and submit it there.')
    );
  }
  return contents.localPath(path);
}

/**
 * Write what is being edited to its file, so that the run has it.
 *
 * @throws {ComputeError} It cannot be written, or the user did not want it to be.
 */
export async function saveDocument(
  context: DocumentRegistry.IContext<DocumentRegistry.IModel>,
  trans: TranslationBundle
): Promise<void> {
  await context.ready;
  const { model } = context;
  if (!context.canSave || model.readOnly) {
    if (model.dirty) {
      throw new ComputeError(
        0,
        'Refused',
        trans.__(
          '%1 is read-only, so your changes cannot be saved.',
          context.path
        ),
        trans.__('Save it under another name, and submit that one.')
      );
    }
    return;
  }
  if (!model.dirty && !isMissing(context)) {
    return;
  }
  try {
    await context.save();
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ComputeError(
      0,
      'NotSaved',
      trans.__('%1 was not saved: %2', context.path, why),
      trans.__('Nothing was submitted. Save it, and submit it again.')
    );
  }
}

/** Whether there is no file yet. */
function isMissing({
  contentsModel
}: DocumentRegistry.IContext<DocumentRegistry.IModel>): boolean {
  return contentsModel === null;
}

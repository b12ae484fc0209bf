import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { ServerNotice } from '../components/ServerNotice';
import { StatusItem } from '../components/StatusItem';
import { cancelAll } from '../model/canceling';
import { askPermission, showOnDesktop, type Desktop } from '../model/desktop';
import { Settings } from '../model/settings';
import { ComputeError } from '../request';
import { FakeWorkspace } from './ambientFakes';

const trans = nullTranslator.load('jupyter_compute');
const ignore = (): void => undefined;

describe('the status bar', () => {
  it('says its numbers, and opens on click', async () => {
    let opened = 0;
    render(
      <StatusItem
        {...{ running: 2, queued: 0, failed: 1, trans }}
        onOpen={() => opened++}
      />
    );
    const button = screen.getByRole('button', {
      name: 'Compute: 2 running, 1 failed since you looked last'
    });
    await userEvent.click(button);
    expect(opened).toBe(1);
  });

  it('says that nothing runs', () => {
    render(
      <StatusItem
        {...{ running: 0, queued: 0, failed: 0, trans }}
        onOpen={ignore}
      />
    );
    screen.getByRole('button', { name: 'Compute: nothing is running' });
  });
});

describe('the notice on the server', () => {
  it('says how to switch on what is missing', () => {
    render(
      <ServerNotice
        state="missing"
        error={null}
        trans={trans}
        onRetry={ignore}
      />
    );
    const notice = screen.getByRole('alert');
    expect(notice.textContent).toContain(
      'jupyter server extension enable jupyter_compute'
    );
    screen.getByRole('button', { name: 'Copy' });
  });

  it('is not there when all is well', () => {
    const { container } = render(
      <ServerNotice state="ready" error={null} trans={trans} onRetry={ignore} />
    );
    expect(container.textContent).toBe('');
  });
});

describe('cancelling all runs', () => {
  it('reaches those on later pages, too', async () => {
    const workspace = new FakeWorkspace();
    for (let i = 0; i < 450; i++) {
      workspace.put(`run${i}`, 'queued');
    }
    await cancelAll(workspace.api, trans);
    expect(new Set(workspace.canceled).size).toBe(450);
  });

  it('says how many could not be canceled, but not of those that had ended', async () => {
    const workspace = new FakeWorkspace();
    workspace.put('a', 'running');
    workspace.put('b', 'running');
    workspace.api.cancel = async id => {
      throw new ComputeError(id === 'a' ? 409 : 502, 'Error', 'no route');
    };
    await expect(cancelAll(workspace.api, trans)).rejects.toThrow(
      '1 run could not be canceled: no route'
    );
  });
});

describe('the settings', () => {
  it('have defaults before they are loaded, and where a value makes no sense', () => {
    const settings = new Settings();
    expect(settings.notify).toBe('all');
    expect(settings.desktopNotifications).toBe(false);
    expect(settings.defaultTarget).toBe('');
    expect(settings.confirmDelete).toBe(true);
  });
});

class FakeDesktop {
  static permission: NotificationPermission = 'default';
  static asked = 0;
  static shown: FakeDesktop[] = [];

  static async requestPermission(): Promise<NotificationPermission> {
    this.asked++;
    this.permission = 'granted';
    return 'granted';
  }

  constructor(readonly title: string) {
    FakeDesktop.shown.push(this);
  }

  onclick: (() => void) | null = null;
  close = ignore;
}

describe('the desktop', () => {
  const desktop = FakeDesktop as unknown as Desktop;

  it('shows nothing before it was allowed, and asks once', async () => {
    showOnDesktop(desktop, 'a completed', 'a', ignore);
    expect(FakeDesktop.shown).toEqual([]);
    expect(await askPermission(desktop)).toBe('granted');
    expect(await askPermission(desktop)).toBe('granted');
    expect(FakeDesktop.asked).toBe(1);
    showOnDesktop(desktop, 'a completed', 'a', ignore);
    expect(FakeDesktop.shown.map(one => one.title)).toEqual(['a completed']);
  });

  it('may not be there at all', async () => {
    expect(await askPermission(null)).toBe('missing');
    showOnDesktop(null, 'a completed', 'a', ignore);
  });
});

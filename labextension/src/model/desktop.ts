/** How the browser stands to notifications; `missing` where it has none. */
export type Permission = NotificationPermission | 'missing';

/** The part of the browser that shows notifications outside of the page. */
export type Desktop = Pick<
  typeof window.Notification,
  'permission' | 'requestPermission'
> &
  (new (
    title: string,
    options?: NotificationOptions
  ) => Pick<Notification, 'onclick' | 'close'>);

/** The browser's own, if it has it. */
export function desktopOf(
  scope: { Notification?: Desktop } = window as { Notification?: Desktop }
): Desktop | null {
  return scope.Notification ?? null;
}

/** Ask the user, unless the browser has an answer. */
export async function askPermission(
  desktop: Desktop | null
): Promise<Permission> {
  if (!desktop) {
    return 'missing';
  }
  return desktop.permission === 'default'
    ? desktop.requestPermission()
    : desktop.permission;
}

/**
 * Show something outside of the page, if that is allowed; the same tag takes the place of what it showed before.
 */
export function showOnDesktop(
  desktop: Desktop | null,
  title: string,
  tag: string,
  onClick: () => void
): void {
  if (desktop?.permission !== 'granted') {
    return;
  }
  try {
    const shown = new desktop(title, { tag });
    shown.onclick = () => {
      window.focus();
      shown.close();
      onClick();
    };
  } catch {
    // Browsers of phones have the class and let nobody make one.
  }
}

import { useEffect, useState } from 'react';

const ATTRIBUTES = ['data-jp-theme-name', 'data-jp-theme-light'];

/**
 * The name of the theme; what is painted with its colours has to be painted again when it changes.
 */
export function useTheme(): string {
  const [theme, setTheme] = useState(themeName);
  useEffect(() => {
    const observer = new MutationObserver(() => setTheme(themeName()));
    observer.observe(document.body, { attributeFilter: ATTRIBUTES });
    return () => observer.disconnect();
  }, []);
  return theme;
}

function themeName(): string {
  return ATTRIBUTES.map(name => document.body.getAttribute(name) ?? '').join();
}

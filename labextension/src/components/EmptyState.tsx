import type { ReactNode } from 'react';

export interface IEmptyStateProps {
  /** What is not there. */
  title: string;
  /** What to do about it. */
  children?: ReactNode;
}

/**
 * What stands where there is nothing yet: the next step.
 */
export function EmptyState({ title, children }: IEmptyStateProps): JSX.Element {
  return (
    <div className="jp-compute-EmptyState">
      <p className="jp-compute-EmptyState-title">{title}</p>
      {children}
    </div>
  );
}

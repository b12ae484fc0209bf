import type { LabIcon } from '@jupyterlab/ui-components';

export interface ILogButtonProps {
  label: string;
  icon: LabIcon;
  onClick: () => void;
  /** Whether it is on, if it is one that can be. */
  isOn?: boolean;
  isDisabled?: boolean;
}

/**
 * A button that is an icon.
 */
export function LogButton({
  label,
  icon,
  onClick,
  isOn,
  isDisabled = false
}: ILogButtonProps): JSX.Element {
  return (
    <button
      type="button"
      className="jp-compute-Log-button"
      title={label}
      aria-label={label}
      aria-pressed={isOn}
      disabled={isDisabled}
      onClick={onClick}
    >
      <icon.react tag="span" width="16px" height="16px" aria-hidden="true" />
    </button>
  );
}

import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretRightIcon,
  fileIcon,
  folderIcon
} from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import { formatBytes } from '../model/format';
import type { ISizeNode, ISizeRow } from '../model/sizes';
import type { IExcluded } from '../types';

export interface ISizeRowProps {
  row: ISizeRow;
  /** Its place in the list, and where that is in pixels. */
  index: number;
  top: number;
  /** Bytes of the whole, for the bar. */
  total: number;
  /** Whether the keyboard reaches it. */
  isActive: boolean;
  isSelected: boolean;
  onChoose: (row: ISizeRow) => void;
  onFocus: (path: string) => void;
  renderActions?: (path: string) => ReactNode;
  renderNote?: (path: string) => ReactNode;
  trans: TranslationBundle;
}

/**
 * A folder or file in a tree of sizes.
 */
export function SizeRow(props: ISizeRowProps): JSX.Element {
  const { row, isActive, isSelected, total, trans } = props;
  const { node, level } = row;
  const hasChildren = node.children.length > 0;
  const share = total ? (100 * node.bytes) / total : 0;
  return (
    <div
      role="row"
      className="jp-compute-SizeTree-row"
      aria-rowindex={props.index + 2}
      aria-level={level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-expanded={hasChildren ? row.isOpen : undefined}
      aria-selected={isSelected}
      data-excluded={!!node.excluded}
      tabIndex={isActive ? 0 : -1}
      style={{ top: props.top }}
      onFocus={() => props.onFocus(node.path)}
      onClick={() => props.onChoose(row)}
    >
      <span
        role="gridcell"
        className="jp-compute-SizeTree-name"
        style={{ paddingLeft: 4 + 14 * (level - 1) }}
        title={node.path}
      >
        <Shape node={node} isOpen={row.isOpen} />
        <span className="jp-compute-SizeTree-text">{node.name}</span>
      </span>
      {props.renderActions && (
        <span
          role="gridcell"
          className="jp-compute-SizeTree-actions"
          onClick={event => event.stopPropagation()}
        >
          {props.renderActions(node.path)}
        </span>
      )}
      <span role="gridcell" className="jp-compute-SizeTree-size">
        {node.excluded ? (
          <span title={ruleText(node.excluded, trans)}>
            {trans.__('left out')}
            <span className="jp-compute-hidden">
              {ruleText(node.excluded, trans)}
            </span>
          </span>
        ) : (
          <>
            <span className="jp-compute-SizeTree-bar" aria-hidden="true">
              <span style={{ width: `${share}%` }} />
            </span>
            <span title={sizeText(node, trans)}>
              {props.renderNote?.(node.path) ?? formatBytes(node.bytes)}
            </span>
          </>
        )}
      </span>
    </div>
  );
}

function Shape(props: { node: ISizeNode; isOpen: boolean }): JSX.Element {
  const { node, isOpen } = props;
  const Caret = isOpen ? caretDownIcon.react : caretRightIcon.react;
  const Icon = node.isFolder ? folderIcon.react : fileIcon.react;
  return (
    <span className="jp-compute-SizeTree-shape" aria-hidden="true">
      {node.children.length ? (
        <Caret tag="span" width="14px" height="14px" />
      ) : (
        <span className="jp-compute-SizeTree-noCaret" />
      )}
      <Icon tag="span" width="14px" height="14px" />
    </span>
  );
}

function sizeText(node: ISizeNode, trans: TranslationBundle): string {
  return node.isFolder
    ? trans._n(
        '%1 file, %2 bytes',
        '%1 files, %2 bytes',
        node.files,
        node.bytes.toLocaleString()
      )
    : trans._n('%1 byte', '%1 bytes', node.bytes);
}

/** Say which rule leaves a path out. */
export function ruleText(
  { source, line, pattern }: IExcluded,
  trans: TranslationBundle
): string {
  return line
    ? trans.__('left out by “%1” in %2, line %3', pattern, source, line)
    : trans.__('left out: %1 (%2)', source, pattern);
}

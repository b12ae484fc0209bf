import type { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import type { IImageSeries } from '../model/results';

export interface IImageSeriesProps {
  series: IImageSeries;
  address: (path: string) => string;
  trans: TranslationBundle;
}

/**
 * The images of one name: the last one, and a slider to the others. It stays at the last one as more come.
 */
export function ImageSeries({
  series: { name, images },
  address,
  trans
}: IImageSeriesProps): JSX.Element {
  const [chosen, setChosen] = useState<number | null>(null);
  const last = images.length - 1;
  const place = Math.min(chosen ?? last, last);
  const image = images[place];
  const title =
    image.step === null
      ? trans.__('%1 of %2', place + 1, images.length)
      : trans.__('step %1', image.step);
  return (
    <figure className="jp-compute-ImageSeries" aria-label={name}>
      <figcaption>
        <h3>{name}</h3>
        {images.length > 1 && (
          <label>
            <span className="jp-compute-hidden">{trans.__('Image')}</span>
            <input
              type="range"
              min="0"
              max={last}
              value={place}
              aria-valuetext={title}
              onChange={event => {
                const to = Number(event.target.value);
                setChosen(to === last ? null : to);
              }}
            />
          </label>
        )}
        {(images.length > 1 || image.step !== null) && <span>{title}</span>}
      </figcaption>
      <a
        href={address(image.path)}
        target="_blank"
        rel="noreferrer"
        title={trans.__('Open in a tab of its own')}
      >
        <img src={address(image.path)} alt={`${name}, ${title}`} />
      </a>
    </figure>
  );
}

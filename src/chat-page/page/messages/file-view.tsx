import type { Message } from '../../../api/objects.ts'
import { asking } from '../asking.ts'
import { Icon } from '../icons.tsx'
import { sizeText } from '../writing/upload.ts'
import { elsewhere, isAddress } from './html.ts'

/** A shared file: pictures as thumbnails that open in full size, other files as downloads. */
export function FileView({ file }: { file: NonNullable<Message['file']> }) {
  const { name, size, url, thumb_url } = file
  if (!isAddress(url))
    return (
      <span class="file">
        <Icon name="file" /> {name}
      </span>
    )
  if (isAddress(thumb_url))
    return (
      <button
        type="button"
        class="file-picture"
        aria-label={`Show ${name} in full size`}
        onClick={() => {
          asking.value = { kind: 'files', files: [{ name, url }], at: 0 }
        }}
      >
        <img src={thumb_url} alt={name} loading="lazy" referrerpolicy="no-referrer" />
      </button>
    )
  return (
    <a class="file" href={url} download={name} {...elsewhere}>
      <Icon name="file" />
      <span class="file-name">{name}</span>
      {size !== undefined && <span class="file-size">{sizeText(size)}</span>}
    </a>
  )
}

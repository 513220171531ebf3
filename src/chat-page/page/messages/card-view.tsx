import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { Icon } from '../icons.tsx'
import type { DrawnCard } from './card.ts'
import { cardHtml, elsewhere, isAddress, safeHtml } from './html.ts'

type CardIcon = DrawnCard['icon']
type Attribute = NonNullable<DrawnCard['attributes']>[number]

/** A card in its style. A card with an activity is only that line until it is expanded. */
export function CardView({ card }: { card: DrawnCard }) {
  const open = useSignal(false)
  const { activity } = card
  if (!activity?.html) return <Body card={card} />
  const unfold = () => {
    open.value = !open.value
  }
  return (
    <div class="card-activity">
      <button
        type="button"
        class="button-icon card-unfold"
        aria-expanded={open.value}
        aria-label={`Details of ${card.title}`}
        onClick={unfold}
      >
        <Icon name="chevron" />
      </button>
      {/* biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: the button before it works with the keyboard */}
      <div
        class="card-line"
        onClick={({ target }) => {
          if (!(target instanceof Element && target.closest('a'))) unfold()
        }}
      >
        <Picture icon={activity.icon ?? card.icon} />
        <span>{safeHtml(activity.html, cardHtml)}</span>
      </div>
      {open.value && <Body card={card} />}
    </div>
  )
}

function Body({ card }: { card: DrawnCard }) {
  const { style, title, url, thumbnail, icon, attributes = [] } = card
  const picture = <Thumbnail thumbnail={thumbnail} url={url} title={title} />
  const compact = style === 'application' && (card.format ?? 'compact') === 'compact'
  const first = style === 'image' || style === 'media'
  return (
    <article class={`card card-${style} ${compact ? 'card-compact' : ''}`} aria-label={title}>
      {first && picture}
      <div class="card-body">
        <h3 class="card-title">
          {style === 'file' && !icon ? <Icon name="file" /> : <Picture icon={icon} />}
          <Linked url={url}>{title}</Linked>
        </h3>
        <Description card={card} />
        {attributes.length > 0 && (
          <dl class="card-attributes">
            {attributes.map((one, at) => (
              <AttributeView key={at} attribute={one} />
            ))}
          </dl>
        )}
      </div>
      {!first && picture}
    </article>
  )
}

function Description({ card: { description } }: { card: DrawnCard }) {
  if (!description) return null
  if (typeof description === 'string') return <p class="card-description">{description}</p>
  const { value, format } = description
  return <p class="card-description">{format === 'html' ? safeHtml(value, cardHtml) : value}</p>
}

function AttributeView({ attribute: { label, value } }: { attribute: Attribute }) {
  const style = /^lozenge(?:-(?:success|error|current|complete|moved))?$/.exec(value.style ?? '')?.[0]
  return (
    <div class="card-attribute">
      <dt class={label === undefined ? 'hidden-text' : ''}>{label ?? 'Also'}</dt>
      <dd>
        <Picture icon={value.icon} />
        <span class={style === undefined ? '' : `lozenge ${style}`}>
          <Linked url={value.url}>{value.label}</Linked>
        </span>
      </dd>
    </div>
  )
}

function Linked({ url, children }: { url?: string | undefined; children: ComponentChildren }) {
  if (!isAddress(url, /^(?:https?|mailto|hipchat):$/)) return <>{children}</>
  return (
    <a href={url} {...elsewhere}>
      {children}
    </a>
  )
}

/** The URL of a picture, and of a sharper one for screens that can show it. */
const sources = (url: string, sharper: string | undefined): { src: string; srcset?: string } =>
  isAddress(sharper) ? { src: url, srcset: `${inSet(url)} 1x, ${inSet(sharper)} 2x` } : { src: url }

/** A comma at the end of a URL would end it in a `srcset`; `URL` encodes spaces as `%20`. */
const inSet = (url: string): string => new URL(url).href.replace(/,/g, '%2C')

/** A picture that cannot be loaded leaves no gap. */
const hide = (event: Event) => {
  if (event.target instanceof HTMLElement) event.target.hidden = true
}

function Picture({ icon }: { icon: CardIcon }) {
  const { url, 'url@2x': sharper } =
    typeof icon === 'string' ? { url: icon, 'url@2x': undefined } : (icon ?? {})
  if (!isAddress(url)) return null
  return (
    <img
      class="card-icon"
      {...sources(url, sharper)}
      alt=""
      width={16}
      height={16}
      loading="lazy"
      referrerpolicy="no-referrer"
      onError={hide}
    />
  )
}

interface ThumbnailProps {
  readonly thumbnail: DrawnCard['thumbnail']
  readonly url: string | undefined
  readonly title: string
}

function Thumbnail({ thumbnail, url, title }: ThumbnailProps) {
  const failed = useSignal(false)
  if (!isAddress(thumbnail?.url) || failed.value) return null
  const { width, height } = thumbnail
  const picture = (
    <img
      class="card-thumbnail"
      {...sources(thumbnail.url, thumbnail['url@2x'])}
      alt={title}
      width={width}
      height={height}
      loading="lazy"
      referrerpolicy="no-referrer"
      onError={() => {
        failed.value = true
      }}
    />
  )
  return <Linked url={url}>{picture}</Linked>
}

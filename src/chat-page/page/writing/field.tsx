import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Message } from '../../../api/objects.ts'
import type { PageRoom } from '../../../server/chat-page/routes.ts'
import { lengthOf } from '../characters.ts'
import { beginning, composer } from '../composer.ts'
import { Icon } from '../icons.tsx'
import { Menu } from '../menu.tsx'
import { authorOf, plainText } from '../messages/message.tsx'
import type { Timeline } from '../messages/timeline.ts'
import { inputActions } from '../modules/actions.ts'
import { addressOf, place } from '../place.ts'
import { emoticons } from '../store.ts'
import { draftOf, keepDraft } from './drafts.ts'
import { type Suggested, searchFor, suggestionsFor } from './suggestions.ts'
import { longestFile, sizeText } from './upload.ts'
import './field.css'

interface FieldProps {
  readonly timeline: Timeline
  readonly room?: PageRoom
  /** Label of the field; its placeholder may say more. */
  readonly label: string
  readonly placeholder: string
  readonly parent?: Message | undefined
  readonly noParent?: () => void
}

const longest = 10_000
const tellFrom = 9_000

/** Where a message is written: Enter sends it, Shift+Enter starts a new line. */
export function Field({ timeline, room, label, placeholder, parent, noParent = () => {} }: FieldProps) {
  const address = addressOf(timeline.talk)
  const text = useSignal(draftOf(address))
  const files = useSignal<readonly File[]>([])
  const problem = useSignal('')
  const suggested = useSignal<Suggested | undefined>(undefined)
  const chosen = useSignal(0)
  const over = useSignal(false)
  const area = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const caret = useRef<number | undefined>(undefined)
  // Counted only near the limit, because that takes a pass over the whole text.
  const left = longest - (text.value.length > tellFrom ? lengthOf(text.value) : text.value.length)

  function write(next: string, at = next.length) {
    text.value = next
    keepDraft(address, next)
    caret.current = at
    suggested.value = undefined
  }

  function addFiles(more: Iterable<File>) {
    for (const file of more) {
      if (file.size > longestFile)
        problem.value = `${file.name} has ${sizeText(file.size)}; the limit is ${sizeText(longestFile)}.`
      else files.value = [...files.value, file]
    }
  }

  function grow() {
    const element = area.current
    if (!element) return
    element.style.height = 'auto'
    element.style.height = `${Math.min(element.scrollHeight + 2, innerHeight * 0.4)}px`
  }

  useLayoutEffect(() => {
    const element = area.current
    if (!element) return
    grow()
    if (caret.current !== undefined) element.setSelectionRange(caret.current, caret.current)
    caret.current = undefined
  }, [text.value])

  useEffect(() => {
    const border = {
      append(more: string) {
        const { value } = text
        write(value === '' || /\s$/.test(value) ? value + more : `${value} ${more}`)
      },
      focus: () => area.current?.focus(),
      addFile: (file: File) => addFiles([file]),
    }
    composer.value = border
    addEventListener('resize', grow)
    if (matchMedia('(hover: hover)').matches) area.current?.focus() // elsewhere an on-screen keyboard would open
    return () => {
      removeEventListener('resize', grow)
      if (composer.value === border) composer.value = undefined
    }
  }, [])

  // Applied whenever a link leads here, even if the person is already here.
  const here = place.value
  useEffect(() => {
    const key = JSON.stringify(here)
    const begins = beginning.get(key)
    beginning.delete(key)
    if (begins !== undefined) write(begins)
  }, [here])

  useEffect(() => {
    if (parent) area.current?.focus()
  }, [parent])

  function send() {
    const message = text.value.trim()
    if (message === '' && files.value.length === 0) return
    const length = lengthOf(message)
    if (length > longest) {
      problem.value = `A message can have at most ${longest} characters; this one has ${length}.`
      return
    }
    const [first, ...others] = files.value
    timeline.send(message, { ...(first ? { file: first } : {}), ...(parent && !first ? { parent } : {}) })
    for (const file of others) timeline.send('', { file })
    files.value = []
    problem.value = ''
    write('')
    noParent()
  }

  /** The text before the caret; `undefined` if text is selected. */
  function beforeCaret(): string | undefined {
    const { value = '', selectionStart = 0, selectionEnd = 0 } = area.current ?? {}
    return selectionStart === selectionEnd ? value.slice(0, selectionStart) : undefined
  }

  function look() {
    const before = beforeCaret()
    suggested.value = before === undefined ? undefined : suggestionsFor(before, room !== undefined)
    chosen.value = 0
    if (before === undefined) return
    searchFor(before).then(
      () => {
        // More may be known now; a selection made meanwhile stays if it is still there.
        if (beforeCaret() !== before || document.activeElement !== area.current) return
        const key = suggested.value?.items[chosen.value]?.key
        suggested.value = suggestionsFor(before, room !== undefined)
        chosen.value = Math.max(0, suggested.value?.items.findIndex((item) => item.key === key) ?? 0)
      },
      () => {}, // only known people are suggested
    )
  }

  function take(index: number) {
    const item = suggested.value?.items[index]
    const element = area.current
    if (!item || !element || !suggested.value) return
    const head = `${element.value.slice(0, suggested.value.from)}${item.text} `
    write(head + element.value.slice(element.selectionEnd).replace(/^ /, ''), head.length)
    element.focus()
  }

  function onKeyDown(event: KeyboardEvent) {
    const count = suggested.value?.items.length ?? 0
    if (count > 0) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
      if (step !== undefined) {
        event.preventDefault()
        chosen.value = (chosen.value + step + count) % count
        return
      }
      if (event.key === 'Tab' || (event.key === 'Enter' && !event.shiftKey)) {
        // A person who has typed all of it wants to send it.
        const before = text.value.slice(suggested.value?.from, area.current?.selectionStart)
        if (event.key === 'Tab' || suggested.value?.items[chosen.value]?.text !== before) {
          event.preventDefault()
          take(chosen.value)
          return
        }
      }
      if (event.key === 'Escape') {
        event.preventDefault()
        event.stopPropagation()
        suggested.value = undefined
        return
      }
    }
    if (event.key === 'Escape' && parent) {
      event.preventDefault()
      noParent()
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      send()
    }
  }

  return (
    <form
      class={`writing ${over.value ? 'writing-over' : ''}`}
      aria-label="Write a message"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes('Files')) return
        event.preventDefault()
        over.value = true
      }}
      onDragLeave={() => {
        over.value = false
      }}
      onDrop={(event) => {
        over.value = false
        if (!event.dataTransfer?.files.length) return
        event.preventDefault()
        addFiles(event.dataTransfer.files)
      }}
    >
      {parent && (
        <p class="writing-parent">
          <Icon name="reply" size={14} /> Replying to <strong>{authorOf(parent).name}</strong>
          <span>{plainText(parent)}</span>
          <button type="button" class="button-icon" aria-label="Do not reply" onClick={noParent}>
            <Icon name="close" size={14} />
          </button>
        </p>
      )}
      {files.value.length > 0 && (
        <ul class="writing-files" aria-label="Files to send">
          {files.value.map((file) => (
            <li key={file.name} class="file">
              <Icon name="file" />
              <span class="file-name">{file.name}</span>
              <span class="file-size">{sizeText(file.size)}</span>
              <button
                type="button"
                class="button-icon"
                aria-label={`Do not send ${file.name}`}
                onClick={() => {
                  files.value = files.value.filter((one) => one !== file)
                }}
              >
                <Icon name="close" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
      {problem.value && (
        <p role="alert" class="problem writing-note">
          {problem.value}
        </p>
      )}
      <div class="writing-line">
        <button
          type="button"
          class="button-icon"
          aria-label="Attach files"
          title="Attach files"
          onClick={() => picker.current?.click()}
        >
          <Icon name="clip" />
        </button>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            addFiles(event.currentTarget.files ?? [])
            event.currentTarget.value = ''
          }}
        />
        {room && (
          <Menu
            label="What add-ons can add"
            items={async () => {
              const found = await inputActions(room)
              if (found.length === 0)
                return [{ key: 'none', name: 'No add-on here offers anything', choose: () => {} }]
              return found.map(({ key, name, addon, choose }) => ({
                key: `${addon} ${key}`,
                name,
                from: addon,
                choose,
              }))
            }}
          >
            <Icon name="plus" />
          </Menu>
        )}
        <textarea
          ref={area}
          rows={1}
          class="writing-field"
          aria-label={label}
          placeholder={placeholder}
          aria-autocomplete="list"
          aria-controls={suggested.value ? 'suggestions' : undefined}
          aria-activedescendant={suggested.value ? `suggestion-${chosen.value}` : undefined}
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value
            keepDraft(address, text.value)
            look()
          }}
          onClick={look}
          onBlur={() => {
            suggested.value = undefined
          }}
          onKeyDown={onKeyDown}
          onPaste={(event) => {
            if (!event.clipboardData?.files.length) return
            event.preventDefault()
            addFiles(event.clipboardData.files)
          }}
        />
        {emoticons.value.length > 0 && (
          <Menu
            label="Emoticons"
            items={() =>
              emoticons.value.map(({ id, shortcut, url }) => ({
                key: String(id),
                picture: url,
                name: `(${shortcut})`,
                choose: () => {
                  composer.value?.append(`(${shortcut}) `)
                  composer.value?.focus()
                },
              }))
            }
          >
            <Icon name="smile" />
          </Menu>
        )}
        <button type="submit" class="button-icon writing-send" aria-label="Send" title="Send (Enter)">
          <Icon name="send" />
        </button>
      </div>
      {left < longest - tellFrom && (
        <p class={left < 0 ? 'writing-note problem' : 'writing-note'} role="status">
          {left < 0 ? `${-left} characters too many` : `${left} characters left`}
        </p>
      )}
      <p class="hidden-text" role="status">
        {suggested.value
          ? `${suggested.value.items.length} suggestions; choose with the arrow keys, accept with Tab`
          : ''}
      </p>
      {suggested.value && (
        <div id="suggestions" role="listbox" aria-label="Suggestions" class="suggestions">
          {suggested.value.items.map((item, index) => (
            <div
              key={item.key}
              id={`suggestion-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen.value}
              // before the field loses the focus
              onMouseDown={(event) => {
                event.preventDefault()
                take(index)
              }}
            >
              {item.picture && <img src={item.picture} alt="" width={20} height={20} />}
              <strong>{item.text}</strong>
              {item.detail && <span>{item.detail}</span>}
            </div>
          ))}
        </div>
      )}
    </form>
  )
}

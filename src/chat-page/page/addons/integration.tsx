import { useSignal } from '@preact/signals'
import type { PageIntegration, PageRoom } from '../../../server/chat-page/routes.ts'
import { call } from '../api.ts'
import { ModuleFrame } from '../modules/frame.tsx'
import { roomOf } from '../store.ts'
import { Confirm, Modal } from './modal.tsx'
import { type Proposal, Proposed, propose } from './proposal.tsx'
import { Scopes } from './scopes.tsx'
import { Problem, useWork, Warnings } from './work.tsx'

interface IntegrationProps {
  readonly integration: PageIntegration
  /** Where it is viewed. */
  readonly room: PageRoom | undefined
}

/** One installed add-on, with the actions this user may take. */
export function Integration({ integration, room }: IntegrationProps) {
  const { name, vendor, description, homepage, scopes, room_id } = integration
  const open = useSignal<'configurable' | 'adminPage' | 'removing' | undefined>(undefined)
  const update = useSignal<Proposal | undefined>(undefined)
  const done = useSignal('')
  const { busy, problem, run } = useWork()
  const place = room_id ?? undefined
  const where = place === undefined ? 'the whole group' : (roomOf(place)?.name ?? `room ${place}`)
  const close = () => {
    open.value = undefined
  }
  return (
    <li class="tools-card tools-integration">
      <Icon integration={integration} />
      <div class="tools-about">
        <h3>
          {name}
          {vendor !== null && <span class="tools-quiet"> by {vendor}</span>}
        </h3>
        {description !== '' && <p>{description}</p>}
        <p class="tools-quiet">
          Installed for {where}
          {homepage !== null && /^https?:/i.test(homepage) && (
            <>
              {' · '}
              <a href={homepage} target="_blank" rel="noopener noreferrer">
                About
              </a>
            </>
          )}
        </p>
        <Warnings of={integration.warnings} />
        <details>
          <summary>What it may do ({scopes.length})</summary>
          {scopes.length === 0 ? (
            <p>Nothing except answer the events it receives.</p>
          ) : (
            <Scopes ids={scopes} />
          )}
        </details>
        <div role="status">{done.value !== '' && <p class="tools-good">{done.value}</p>}</div>
        <Problem text={problem.value} />
        {update.value && (
          <Proposed
            proposal={update.value}
            relayState={undefined}
            existing={integration}
            onCancel={() => {
              update.value = undefined
            }}
            onDone={(said) => {
              update.value = undefined
              done.value = said
            }}
          />
        )}
      </div>
      <p class="tools-buttons">
        {integration.configurable && (
          <button
            type="button"
            class="button"
            aria-label={`Configure ${name}`}
            onClick={() => {
              open.value = 'configurable'
            }}
          >
            Configure
          </button>
        )}
        {integration.admin_page && (
          <button
            type="button"
            class="button"
            aria-label={`Administration of ${name}`}
            onClick={() => {
              open.value = 'adminPage'
            }}
          >
            Administration
          </button>
        )}
        {integration.removable && (
          <>
            <button
              type="button"
              class="button"
              aria-label={`Update ${name}`}
              disabled={busy.value}
              onClick={() =>
                run(async () => {
                  done.value = ''
                  update.value = await propose(integration.descriptor, place)
                })
              }
            >
              Update
            </button>
            <button
              type="button"
              class="button"
              aria-label={`Remove ${name}`}
              onClick={() => {
                open.value = 'removing'
              }}
            >
              Remove
            </button>
          </>
        )}
      </p>
      {(open.value === 'configurable' || open.value === 'adminPage') && (
        <Modal
          wide
          title={open.value === 'configurable' ? `Configure ${name}` : `Administration of ${name}`}
          onClose={close}
        >
          <div class="tools-frame">
            <ModuleFrame
              integration={integration}
              room={room}
              show={{ page: open.value }}
              title={open.value === 'configurable' ? `Configuration of ${name}` : `Administration of ${name}`}
              onEscape={close}
            />
          </div>
          <p class="tools-buttons">
            <button type="button" class="button" onClick={close}>
              Close
            </button>
          </p>
        </Modal>
      )}
      {open.value === 'removing' && (
        <Confirm
          title={`Remove ${name}?`}
          text={`It is removed from ${where}: its access ends at once, and it is notified. Its messages stay.`}
          action="Remove"
          onClose={close}
          work={() =>
            call('uninstallAddon', {
              addon_key_or_id: integration.addon_key,
              installable_id: integration.oauth_id,
            })
          }
        />
      )}
    </li>
  )
}

function Icon({ integration: { icon, name } }: { readonly integration: PageIntegration }) {
  const failed = useSignal(false)
  if (!icon || failed.value || !/^(https?:|data:image\/)/i.test(icon.url))
    return (
      <span class="tools-icon" aria-hidden="true">
        {name.slice(0, 1).toUpperCase()}
      </span>
    )
  return (
    <img
      class="tools-icon"
      src={icon.url}
      alt=""
      width="36"
      height="36"
      loading="lazy"
      referrerpolicy="no-referrer"
      onError={() => {
        failed.value = true
      }}
    />
  )
}

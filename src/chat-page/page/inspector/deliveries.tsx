import { useSignal } from '@preact/signals'
import { AddonSelect, Controls, FailedOnly, Outcome, Select } from './controls.tsx'
import { Details } from './details.tsx'
import { addonName, clock, type Delivery, deliveries, roomName } from './watching.ts'

/** The deliveries to add-ons, as they happen. */
export function Deliveries() {
  const addon = useSignal('')
  const event = useSignal('')
  const failedOnly = useSignal(false)
  const open = useSignal<ReadonlySet<number>>(new Set())
  const all = deliveries.items.value
  const shown = all.filter(
    (one) =>
      (addon.value === '' || one.oauthId === addon.value) &&
      (event.value === '' || one.event === event.value) &&
      (!failedOnly.value || one.error !== null),
  )
  const events = [...new Set(all.map((one) => one.event))].sort()
  function toggle(id: number): void {
    const next = new Set(open.value)
    if (!next.delete(id)) next.add(id)
    open.value = next
  }
  return (
    <>
      <div class="inspector-filters">
        <AddonSelect chosen={addon} ids={all.map(({ oauthId }) => oauthId)} />
        <Select label="Event" chosen={event}>
          {events.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </Select>
        <FailedOnly chosen={failedOnly} />
        <Controls of={deliveries} />
      </div>
      {shown.length === 0 ? (
        <Nothing isFiltered={all.length > 0} />
      ) : (
        <table class="inspector-table">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Event</th>
              <th scope="col">Add-on</th>
              <th scope="col">Room</th>
              <th scope="col">Answer</th>
              <th scope="col">ms</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <Row
                key={one.id}
                delivery={one}
                isOpen={open.value.has(one.id)}
                onToggle={() => toggle(one.id)}
              />
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}

interface RowProps {
  readonly delivery: Delivery
  readonly isOpen: boolean
  readonly onToggle: () => void
}

function Row({ delivery, isOpen, onToggle }: RowProps) {
  const { id, at, event, oauthId, roomId, status, error, duration, replied, notPosted, redeliveryOf } =
    delivery
  return (
    <>
      <tr>
        <td>
          <button
            type="button"
            class="inspector-open"
            aria-expanded={isOpen}
            aria-label={`Delivery ${id}, ${event}, ${clock(at)}`}
            title={new Date(at).toLocaleString()}
            onClick={onToggle}
          >
            {clock(at)}
          </button>
        </td>
        <td data-label="Event">
          {event}
          {redeliveryOf !== null && <span class="tools-badge">repeats {redeliveryOf}</span>}
        </td>
        <td data-label="Add-on">{addonName(oauthId)}</td>
        <td data-label="Room">{roomName(roomId)}</td>
        <td data-label="Answer">
          <Outcome status={status} error={error} />
          {replied && <span class="tools-badge">replied into the room</span>}
          {notPosted !== undefined && <span class="tools-badge">answer not posted</span>}
        </td>
        <td data-label="ms">{Math.round(duration)}</td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={6} class="inspector-details">
            <Details delivery={delivery} />
          </td>
        </tr>
      )}
    </>
  )
}

const Nothing = ({ isFiltered }: { readonly isFiltered: boolean }) =>
  isFiltered ? (
    <p class="tools-note">No delivery matches the filters above.</p>
  ) : (
    <p class="tools-note">
      No add-on has received an event yet. Install one that has a webhook, on the add-ons page, and write
      something in its room: the delivery appears here at once.
    </p>
  )

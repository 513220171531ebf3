import { useSignal } from '@preact/signals'
import { AddonSelect, Controls, FailedOnly, Outcome } from './controls.tsx'
import { addonName, calls, clock } from './watching.ts'

/** The API calls of add-ons, as they happen. */
export function Calls() {
  const addon = useSignal('')
  const failedOnly = useSignal(false)
  const all = calls.items.value
  const shown = all.filter(
    (one) => (addon.value === '' || one.oauth_id === addon.value) && (!failedOnly.value || one.status >= 400),
  )
  return (
    <>
      <div class="inspector-filters">
        <AddonSelect chosen={addon} ids={all.map(({ oauth_id }) => oauth_id)} />
        <FailedOnly chosen={failedOnly} />
        <Controls of={calls} />
      </div>
      {shown.length === 0 ? (
        <p class="tools-note">
          {all.length > 0
            ? 'No call matches the filters above.'
            : 'No add-on has called the API yet. Most first request a token, once they are installed or receive an event.'}
        </p>
      ) : (
        <table class="inspector-table">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Call</th>
              <th scope="col">Operation</th>
              <th scope="col">Add-on</th>
              <th scope="col">Answer</th>
              <th scope="col">ms</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.id}>
                <td title={new Date(one.at).toLocaleString()}>{clock(one.at)}</td>
                <td data-label="Call">
                  <code>
                    {one.method} {one.path}
                  </code>
                </td>
                <td data-label="Operation">{one.operation ?? 'none'}</td>
                <td data-label="Add-on">{addonName(one.oauth_id)}</td>
                <td data-label="Answer">
                  <Outcome status={one.status} error={one.error} />
                </td>
                <td data-label="ms">{one.duration}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}

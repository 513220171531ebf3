import { useSignal } from '@preact/signals'
import { AddonSelect, Controls, FailedOnly, Outcome } from './controls.tsx'
import { addonName, calls, clock } from './watching.ts'

/** What add-ons asked of the API, as it happens. */
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
            ? 'None of the calls fits what you chose above.'
            : 'No add-on has called the API yet. The first call of most is for a token, as soon as they are installed or told something.'}
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

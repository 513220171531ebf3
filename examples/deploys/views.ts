import { type Card, card, type Html, html } from 'hipchat-addon'
import type { Deployment } from './deployments.ts'

const lozenges = { waiting: 'current', approved: 'success', refused: 'error' } as const

export const names = { waiting: 'Waiting', approved: 'Approved', refused: 'Refused' } as const

const sentence = ({ id, service, version, by, state, decidedBy }: Deployment): string =>
  state === 'waiting'
    ? `${by} asks to deploy ${service} ${version} (#${id})`
    : `${decidedBy} ${state} ${service} ${version} (#${id})`

/** The card of a deployment in the room. It is posted again with the same id when the deployment is decided. */
export function cardOf(deployment: Deployment): { card: Card; message: string } {
  const { id, service, version, by, state, decidedBy } = deployment
  return {
    message: sentence(deployment),
    card: card.application({
      id: `deployment-${id}`,
      title: `${service} ${version}`,
      activity: html`<b>${state === 'waiting' ? by : decidedBy}</b> ${state === 'waiting' ? 'asks to deploy' : state} ${service} ${version}`,
      attributes: [
        { label: 'State', value: names[state], lozenge: lozenges[state] },
        { label: 'Asked by', value: by },
        ...(decidedBy === undefined ? [] : [{ label: 'Decided by', value: decidedBy }]),
      ],
      // The action “Approve…” looks at this: it is offered on cards that wait.
      metadata: { deploymentId: id, state },
    }),
  }
}

/** The content of the glance next to the chat. */
export function glanceOf(deployments: readonly Deployment[]) {
  const waiting = deployments.filter(({ state }) => state === 'waiting').length
  return {
    label: html`<b>${waiting}</b> waiting`,
    status: {
      type: 'lozenge' as const,
      value:
        waiting > 0
          ? { type: 'current' as const, label: 'DECIDE' }
          : { type: 'success' as const, label: 'CLEAR' },
    },
    metadata: { waiting },
  }
}

/** The board in the sidebar. */
export const board = (deployments: readonly Deployment[]): Html => html`
<ul class="deployments">
${deployments.map(
  ({ id, service, version, by, state, decidedBy }) => html`
  <li class="${state}">
    <b>${service}</b> ${version}
    <small>${names[state]}, asked by ${by}${decidedBy !== undefined && html`, decided by ${decidedBy}`}</small>
    ${state === 'waiting' && html`<button type="button" data-decide="${id}">Decide…</button>`}
  </li>`,
)}
</ul>
${deployments.length === 0 && html`<p>Nothing to deploy. Write <code>/deploy api 4.2</code> in the room.</p>`}
<p><button type="button" data-open="ask">Ask for a deployment…</button></p>`

/** The dialog to decide a deployment. */
export const question = (deployment: Deployment | undefined): Html =>
  deployment
    ? html`
<p data-deployment="${deployment.id}">
  ${deployment.by} asks to deploy <b>${deployment.service} ${deployment.version}</b>.
  ${deployment.state !== 'waiting' && html`${deployment.decidedBy} has already ${deployment.state} it.`}
</p>
<p role="alert"></p>`
    : html`<p>This deployment no longer exists.</p>`

/** The dialog to ask for a deployment. */
export const form = (services: readonly string[]): Html => html`
<form id="ask">
  <p><label>Service <input name="service" required maxlength="40" list="services"></label></p>
  <datalist id="services">${services.map((service) => html`<option value="${service}">`)}</datalist>
  <p><label>Version <input name="version" required maxlength="40"></label></p>
  <p role="alert"></p>
</form>`

/** All stored deployments, for printing. */
export const history = (deployments: readonly Deployment[]): Html => html`
<h1>Deployments</h1>
<table>
  <thead><tr><th>#</th><th>What</th><th>Asked by</th><th>When</th><th>State</th><th>Decided by</th></tr></thead>
  <tbody>
  ${deployments.map(
    ({ id, service, version, by, at, state, decidedBy }) =>
      html`<tr><td>${id}</td><td>${service} ${version}</td><td>${by}</td><td>${at}</td><td>${names[state]}</td><td>${decidedBy}</td></tr>`,
  )}
  </tbody>
</table>`

import { readableError } from '../../common/redaction.ts'
import { ApiError } from '../../errors.ts'
import type { Installation } from '../../installations/installation.ts'
import type { InstallationServices } from '../../installations/services.ts'
import type { Session } from './session.ts'
import type { GroupRules } from './shown-page.ts'

/** Why a page is not shown to a person. */
export interface GroupRefusal {
  readonly status: 403 | 503
  readonly text: string
}

const ofTheGroup = 'These settings are for the whole group: open them from its administration.'
const administratorsOnly = 'This page is for administrators of the group.'

/**
 * Returns why a person may not see a page of a global installation; `undefined` if they may.
 *
 * A signed request without a room does not prove that its user is an administrator: a server may give one to
 * any member. So the add-on asks the server, with the scope `view_group`. Without that scope it only trusts
 * what the server signed: `is_group_admin` in the context. A request without a user is from the server
 * itself.
 */
export async function groupRefusal(
  { rooms, anybody }: GroupRules,
  session: Session,
  { servicesOf }: { servicesOf(installation: Installation): InstallationServices },
): Promise<GroupRefusal | undefined> {
  const { credentials, roomId, user } = session
  const { installation } = credentials
  if (installation.roomId !== undefined) return undefined
  if (roomId !== undefined) return rooms ? undefined : { status: 403, text: ofTheGroup }
  if (anybody || user === undefined) return undefined
  const { client, log } = servicesOf(installation)
  if (!installation.scopes.includes('view_group')) {
    if (session.administrator) return undefined
    log.warn(
      { user: user.id },
      'refused a page of the group: its server does not say whether this user is an administrator, and the add-on may not ask; add view_group to the scopes and update the installation, or decide with mayChange of addon.settings',
    )
    return { status: 403, text: administratorsOnly }
  }
  try {
    const { is_group_admin } = await client.getUser({ id_or_email: user.id })
    return is_group_admin === true ? undefined : { status: 403, text: administratorsOnly }
  } catch (error) {
    if (isNotFound(error)) return { status: 403, text: administratorsOnly }
    log.error(
      { user: user.id },
      `could not check whether a user is an administrator: ${readableError(error).message}`,
    )
    return { status: 503, text: 'The add-on could not check whether you are an administrator.' }
  }
}

const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.status === 404

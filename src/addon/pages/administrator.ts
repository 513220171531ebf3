import { readableError } from '../../common/redaction.ts'
import { ApiError } from '../../errors.ts'
import type { Installation } from '../../installations/installation.ts'
import type { InstallationServices } from '../../installations/services.ts'
import type { Session } from './session.ts'
import type { GroupRules } from './shown-page.ts'

/** Why a page is not shown to somebody. */
export interface GroupRefusal {
  readonly status: 403 | 503
  readonly text: string
}

const ofTheGroup = 'These settings are of the whole group: open them from its administration.'
const administratorsOnly = 'This page is for administrators of the group.'

/**
 * Says why a page of a global installation is not for who asks; `undefined` if it is.
 *
 * That a signed request names no room does not make it one of an administrator: a server may give such a request to any
 * member. So the server is asked, with the scope `view_group`; without that scope the add-on believes what the server has
 * signed, and nothing else: `is_group_admin` in the context. A request in nobody's name is the server's own.
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
      'refused a page of the group: its server does not say whether this user is an administrator, and the add-on may not ask; list view_group in scopes and have the installation updated, or decide with mayChange of addon.settings',
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
      `whether a user is an administrator is not known: ${readableError(error).message}`,
    )
    return { status: 503, text: 'The chat server could not be asked whether you are an administrator.' }
  }
}

const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.status === 404

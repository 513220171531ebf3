import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { CallError, call, messageOf } from './api.ts'
import { Avatar } from './people/avatar.tsx'
import { signedIn } from './session.ts'
import './sign-in.css'

type Welcome = Awaited<ReturnType<typeof call<'getWelcome'>>>

/** Sign-in with name and password; on a server for development also as one of the users without a password. */
export function SignIn() {
  const welcome = useSignal<Welcome | undefined>(undefined)
  const problem = useSignal('')
  const busy = useSignal(false)

  const tell = (error: unknown) => {
    const message = messageOf(error)
    problem.value =
      error instanceof CallError && error.status === 429
        ? `${message.replace(/\.$/, '')}: wait a few minutes, then try again.`
        : message
  }

  const load = () => {
    problem.value = ''
    call('getWelcome').then((found) => {
      welcome.value = found
    }, tell)
  }
  useEffect(load, [])

  async function open(who: { user_id: number } | { username: string; password: string }, stay: boolean) {
    busy.value = true
    problem.value = ''
    try {
      const { token, user_id } = await call('openSession', who)
      signedIn({ token, userId: user_id }, stay)
    } catch (error) {
      tell(error)
    } finally {
      busy.value = false
    }
  }

  const { group = '', users = [] } = welcome.value ?? {}
  return (
    <main class="sign-in">
      <div class="sign-in-box">
        <h1>{group || 'Chat'}</h1>
        {problem.value && (
          <p role="alert" class="problem">
            {problem.value}
          </p>
        )}
        {!welcome.value && problem.value && (
          <button type="button" class="button" onClick={load}>
            Try again
          </button>
        )}
        {users.length > 0 && (
          <section aria-labelledby="choose">
            <h2 id="choose">Continue as</h2>
            <ul class="sign-in-users">
              {users.map(({ id, name, mention_name }) => (
                <li key={id}>
                  <button
                    type="button"
                    class="sign-in-user"
                    disabled={busy.value}
                    onClick={() => open({ user_id: id }, false)}
                  >
                    <Avatar id={id} name={name} size={40} />
                    <span>
                      {name} <span class="sign-in-mention">@{mention_name}</span>
                    </span>
                  </button>
                </li>
              ))}
            </ul>
            <p class="sign-in-note">
              These users have no password: this server is for development, and answers only this computer.
              You can sign in as another user in another tab.
            </p>
          </section>
        )}
        {welcome.value && (
          <details class="sign-in-password" open={users.length === 0}>
            <summary>Sign in with a password</summary>
            <form
              onSubmit={(event) => {
                event.preventDefault()
                const given = new FormData(event.currentTarget)
                const [username = '', password = ''] = ['username', 'password'].map((name) =>
                  String(given.get(name) ?? ''),
                )
                void open({ username, password }, given.get('stay') === 'on')
              }}
            >
              <label class="field">
                <span>Email address or mention name</span>
                <input name="username" autocomplete="username" required />
              </label>
              <label class="field">
                <span>Password</span>
                <input name="password" type="password" autocomplete="current-password" required />
              </label>
              <label class="sign-in-stay">
                <input name="stay" type="checkbox" /> Stay signed in on this computer
              </label>
              <button type="submit" class="button-main" disabled={busy.value}>
                Sign in
              </button>
            </form>
          </details>
        )}
      </div>
    </main>
  )
}

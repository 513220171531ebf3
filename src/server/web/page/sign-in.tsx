import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { call } from './api.ts'
import { signedIn } from './session.ts'

export function SignIn() {
  const welcome = useSignal<Awaited<ReturnType<typeof call<'getWelcome'>>> | undefined>(undefined)
  const problem = useSignal('')
  useEffect(() => {
    call('getWelcome').then(
      (found) => {
        welcome.value = found
      },
      (error: Error) => {
        problem.value = error.message
      },
    )
  }, [])
  async function choose(user_id: number) {
    const { token } = await call('openSession', { user_id })
    signedIn({ token, userId: user_id }, false)
  }
  return (
    <main>
      <h1>{welcome.value?.group}</h1>
      <p role="alert">{problem}</p>
      {welcome.value?.users.map(({ id, name }) => (
        <button key={id} type="button" onClick={() => choose(id)}>
          {name}
        </button>
      ))}
    </main>
  )
}

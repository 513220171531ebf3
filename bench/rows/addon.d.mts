export function installOn(callback: string, hipchat: string): Promise<void>

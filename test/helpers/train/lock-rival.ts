/** A process of lock.test.ts: takes a lock or gives it back at each order, and answers whether it got it. */
import { link } from 'node:fs/promises'
import { lockFolder } from '../../../src/shared/lock.js'

type Order = { take: string; links: boolean } | { release: true }

let release: (() => Promise<void>) | null = null

const withoutLinks: typeof link = async () => {
  throw Object.assign(new Error('no hard links here'), { code: 'EPERM', syscall: 'link' })
}

async function carryOut(order: Order): Promise<boolean> {
  if ('release' in order) {
    await release?.()
    release = null
    return true
  }
  try {
    release = await lockFolder(order.take, order.links ? link : withoutLinks)
    return true
  } catch (error) {
    if ((error as Error).name !== 'UserError') throw error
    return false
  }
}

process.on('message', async (order: Order) => process.send!(await carryOut(order)))
process.send!(true)

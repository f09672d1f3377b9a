// The end of a sequence: what must have come of the program by itself, the tear-down, and the account.

/** @import { Sequence } from './sequence.js' */

/**
 * @param {Sequence} sequence
 * @param {'closes' | 'peer ends' | 'peer resets'} ending
 */
export async function finish(sequence, ending) {
  sequence.log.push(`in the end: ${sequence.isDropped ? 'collected' : ending}`);
  sequence.watchAll();
  sequence.isFirstTurn = false;
  for (const peer of sequence.listener.peers) {
    // A socket that closes waits for the end of a peer that was slow, though not for long.
    if (sequence.leg.closing !== undefined) peer.windUp();
    else peer.goOn();
  }
  await effects(sequence);
  if (sequence.isDropped) await collect(sequence);
  else await tearDown(sequence, ending);
  if (sequence.complaint === undefined) account(sequence);
}

/** Every cause has its effect, without further help. */
async function effects(sequence) {
  const { legs, leg } = sequence;
  for (const each of legs) {
    if (each.mustOpen)
      await sequence.until('opened settles', () => each.isOpen || each.failure !== undefined);
    if (each.fate.hangs && each.closing === undefined) return;
  }
  if (!leg.isOpen) {
    if (leg.failure !== undefined) await settled(sequence);
    return;
  }
  await sequence.until('the peer is there', () => sequence.peer !== undefined);
  const { peer } = sequence;
  await sequence.until('what was written is taken', () => !isWriting(sequence));
  if (leg.isOrderly)
    await sequence.until('what was written arrives', () => arrived(peer, leg) >= leg.written);
  await sequence.until(
    'reads that wait get what is there',
    () => !sequence.isPending('read') || isIdle(sequence),
  );
  if (leg.mustClose) await sequence.until('closed settles', () => leg.isClosed);
  if (leg.closing !== undefined) await settled(sequence);
  const isFinished = leg.isFinished || (leg.isCancelled && leg.isAborted) || leg.mustClose;
  if (isFinished && !leg.hasPeerReset)
    await sequence.until('the peer sees the end', () => sequence.peer?.end !== undefined);
}

const isWriting = (sequence) =>
  ['write', 'write of nonsense', 'writer.close', 'writer.abort', 'reader.cancel'].some((name) =>
    sequence.isPending(name),
  );

const arrived = (peer, leg) => (leg.isSecure ? peer.secure : peer.plain);

/** There is nothing that a read could be answered with. */
function isIdle({ leg, peer }) {
  return (
    leg.received === peer.sent &&
    !leg.hasPeerEnded &&
    !leg.hasPeerReset &&
    !leg.hasPeerTruncated &&
    !leg.isEndedHere
  );
}

function settled(sequence) {
  return sequence.until('everything settles', () => sequence.isSettled);
}

async function tearDown(sequence, ending) {
  await accepted(sequence);
  const { peer } = sequence;
  if (ending === 'peer resets') {
    for (const leg of sequence.legs) leg.hasPeerReset = true;
    for (const each of sequence.listener.peers) if (!each.isClosed) await each.reset();
  }
  for (const each of sequence.listener.peers) each.windUp();
  if (ending === 'peer ends' && peer !== undefined) {
    await endPeer(sequence, peer);
    if (sequence.isPending('read') && sequence.leg.isOpen)
      await sequence.until('reads meet the end', () => !sequence.isPending('read'));
  }
  sequence.close(false);
  await settled(sequence);
  await peersEnd(sequence);
}

/** A socket that was dropped is closed when nothing is in flight any more. */
async function collect(sequence) {
  await accepted(sequence);
  const { leg } = sequence;
  for (const each of sequence.listener.peers) each.windUp();
  if (leg.isOpen && !leg.mayStillRead && !sequence.isPending('read')) {
    await sequence.collectUntil(
      'the peer sees the end of the socket that was dropped',
      () => sequence.peer?.end !== undefined,
    );
  } else {
    for (const each of sequence.legs) each.hasPeerEnded = each.hasPeerReset = true;
    for (const each of sequence.listener.peers) {
      if (leg.isOpen) await endPeer(sequence, each);
      else await each.reset();
    }
  }
  const isOver = () => leg.isClosed || (leg.isCancelled && leg.isWriteOver) || leg.failure !== undefined;
  await sequence.collectUntil(
    'closed settles',
    () => isOver() && !isWriting(sequence) && !sequence.isPending('read'),
  );
  await sequence.collectUntil('the peers see the end', () =>
    sequence.ownPeers.every(({ end }) => end !== undefined),
  );
}

/** Who waits for a handshake has a peer. */
async function accepted(sequence) {
  const { leg, listener } = sequence;
  if (leg.closing !== undefined || leg.failure !== undefined) return;
  await sequence.until('the peer is there', () => listener.peers.length > 0 || leg.failure !== undefined);
}

async function endPeer(sequence, peer) {
  const { leg } = sequence;
  leg.hasPeerEnded = true;
  if (leg.isOpen && leg.isSecure && peer === sequence.peer) {
    await sequence.until('the handshake ends for the peer too', () => peer.isSecure || peer.isClosed);
  }
  await peer.fin();
}

async function peersEnd(sequence) {
  await sequence.until('the peers see the end', () =>
    sequence.ownPeers.every(({ end }) => end !== undefined),
  );
}

/** What arrived, against what was written. */
function account(sequence) {
  const { legs, peer } = sequence;
  for (const each of sequence.ownPeers) {
    if (each.complaint !== undefined) sequence.complain(each.complaint);
    // One of the attempts that was not made use of.
    if (each !== peer && (each.plain > 0 || each.secure > 0))
      sequence.complain('a connection that was not used carries bytes');
  }
  if (peer === undefined) return;
  for (const leg of legs) {
    if (leg.closedTooEarly) sequence.complain('closed resolved before the end was read');
    const count = arrived(peer, leg);
    if (leg.isOrderly && count !== leg.written)
      sequence.complain(`the peer got ${count} bytes, and ${leg.written} were written`);
    if (count > leg.offered)
      sequence.complain(`the peer got ${count} bytes, and ${leg.offered} were offered`);
  }
  const isOrderly = legs.every((leg) => leg.isOrderly && !leg.hasPeerEnded && !leg.isDropped);
  if (isOrderly && peer.end !== 'FIN')
    sequence.complain(`the peer sees ${peer.end} at the end of an orderly connection`);
  sequence.count(`the peer sees ${peer.end}`);
}

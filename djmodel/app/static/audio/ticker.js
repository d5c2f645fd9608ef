/** A worker that ticks: the timers of a page in the background are slowed down, those of a worker
 * are not. A message holds the milliseconds between two ticks, 0 to stop. */

let timer = 0;

self.onmessage = ({ data: milliseconds }) => {
  clearInterval(timer);
  if (milliseconds) timer = setInterval(() => self.postMessage(null), milliseconds);
};

/** A transform from pieces of text to lines, for `pipeThrough()`. */
export function splitLines() {
  let rest = '';
  return new TransformStream({
    transform(text, controller) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) controller.enqueue(line);
    },
    flush(controller) {
      if (rest !== '') controller.enqueue(rest);
    },
  });
}

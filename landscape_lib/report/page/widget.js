/* Appended to cards.js for Jupyter: the same card in a widget, with a kernel to ask. */
const PATIENCE = 60_000; // milliseconds that the kernel may take for a frame
let questions = 0;

export default {
  render({ model, el }) {
    el.innerHTML = model.get("html");
    // Keys pressed in a card are the card's: Jupyter would take `d d` for deleting the cell.
    el.addEventListener("keydown", (event) => event.stopPropagation());
    const waiting = new Map();
    const listen = (message) => {
      const { resolve, reject } = waiting.get(message.question) ?? {};
      waiting.delete(message.question);
      if (message.error) reject?.(new Error(message.error));
      else resolve?.(message.frame);
    };
    model.on("msg:custom", listen);
    const ask = (settings) =>
      new Promise((resolve, reject) => {
        waiting.set(++questions, { resolve, reject });
        setTimeout(() => reject(new Error("The kernel does not answer. Run the cell again.")), PATIENCE);
        model.send({ question: questions, settings });
      });
    const gone = new AbortController();
    const card = el.querySelector("[data-card]");
    globalThis.landscapeCards.enhance(card, { ask: card.dataset.card === "explorer" ? ask : undefined, signal: gone.signal });
    return () => {
      gone.abort();
      model.off("msg:custom", listen);
    };
  },
};

/* Appended to cards.js for Jupyter: the same card in a widget, with a kernel to ask. */
let questions = 0;

export default {
  render({ model, el }) {
    el.innerHTML = model.get("html");
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
        model.send({ question: questions, settings });
      });
    const card = el.querySelector("[data-card]");
    globalThis.landscapeCards.enhance(card, card.dataset.card === "explorer" ? ask : undefined);
    return () => model.off("msg:custom", listen);
  },
};

/* Cards: explorers, predictions and quizzes. One script for the built page, where it enhances what is there, and for
   Jupyter, where a widget hands it the same HTML. Nothing leaves the page: what a reader predicted is kept for this tab. */
globalThis.landscapeCards ??= (() => {
  const parts = { explorer, choice, curve, answer, quiz };
  const answers = new Map(); // name of a prediction -> what was measured
  const predictions = new Map(); // name of a prediction -> what the reader said, as a sentence

  /** Bring one card to life. `ask`, where a kernel listens, takes settings and returns a promise of a frame. */
  function enhance(card, ask) {
    card.querySelectorAll("[data-needs-script]").forEach((part) => part.removeAttribute("hidden"));
    parts[card.dataset.card](card, ask);
  }

  // ---- explorers: native controls over frames -------------------------------------------------------------------
  function explorer(card, ask) {
    const controls = [...card.querySelectorAll("[data-setting]")];
    const frames = data(card);
    const picture = card.querySelector("img");
    const said = card.querySelector("[role=status]");
    let last = 0;
    const show = (frame) => {
      picture.src = frame.src;
      picture.alt = said.textContent = frame.alt;
    };
    const change = async () => {
      const call = ++last; // an answer that comes late must not cover a newer one
      for (const control of controls) {
        const words = JSON.parse(control.dataset.setting)[control.value];
        if (control.type !== "range") continue;
        control.setAttribute("aria-valuetext", words);
        control.parentElement.querySelector("output").textContent = words;
      }
      const place = controls.map((control) => Number(control.value));
      if (!ask) return show(frames[place.join(" ")]);
      card.setAttribute("aria-busy", "true");
      try {
        const frame = await ask(place);
        if (call === last) show(frame);
      } catch (error) {
        if (call === last) said.textContent = String(error.message ?? error);
      }
      card.removeAttribute("aria-busy");
    };
    controls.forEach((control) => control.addEventListener("input", change));
  }

  // ---- predictions ----------------------------------------------------------------------------------------------
  /** What both kinds of prediction share: commit, start over, and the measured side once it is known. */
  function prediction(card, { said, restore, lock, reveal }) {
    const name = card.dataset.name;
    const status = card.querySelector("[role=status]");
    const [commit, again] = card.querySelectorAll("button");
    const update = (settled) => {
      lock(Boolean(settled));
      commit.disabled = Boolean(settled);
      again.hidden = !settled;
      if (!settled) return (status.textContent = "");
      const measured = answers.get(name);
      status.textContent = measured
        ? `${predictions.get(name)} ${reveal(measured)}`
        : `${predictions.get(name)} Noted. Run on: the measurement will answer here.`;
    };
    const settle = (value) => {
      predictions.set(name, said(value));
      keep(name, value);
      update(true);
      announce(name);
    };
    card.addEventListener("submit", (event) => {
      event.preventDefault();
      const value = restore.read();
      if (value === null) return (status.textContent = restore.missing);
      settle(value);
      again.focus({ preventScroll: true }); // the button that had the focus is disabled now
    });
    again.addEventListener("click", () => {
      predictions.delete(name);
      keep(name, null);
      restore.write(null);
      update(false);
      announce(name);
      restore.focus();
    });
    document.addEventListener("landscape-answer", (event) => {
      if (event.detail === name && predictions.has(name)) update(true);
    });
    const kept = recall(name);
    if (kept !== null) {
      restore.write(kept);
      settle(kept);
    } else update(false);
  }

  function choice(card) {
    const inputs = [...card.querySelectorAll("input")];
    const words = (i) => inputs[i].parentElement.querySelector("span").textContent;
    prediction(card, {
      said: (i) => `You said: ${words(i)}.`,
      restore: {
        missing: "Pick one first.",
        read: () => (inputs.some((input) => input.checked) ? inputs.findIndex((input) => input.checked) : null),
        write: (value) => inputs.forEach((input, i) => (input.checked = i === value)),
        focus: () => inputs[0].focus(),
      },
      lock: (settled) =>
        inputs.forEach((input, i) => {
          input.disabled = settled;
          const measured = settled && answers.get(card.dataset.name)?.option === i;
          input.parentElement.classList.toggle("measured", Boolean(measured));
        }),
      reveal: (measured) => `Measured: ${measured.words}. ${measured.says}`,
    });
  }

  /** The reader drags, or steps with the arrow keys, one point at each x; the measured points come over them. */
  function curve(card) {
    const axes = data(card); // x: values, y: [low, high], log: is x logarithmic, xlabel, ylabel
    const plot = card.querySelector("svg");
    const at = scales(axes);
    const start = axes.x.map(() => (axes.y[0] + axes.y[1]) / 2);
    let drawn = [...start];
    let settled = false;
    let touched = false;
    draw_axes(plot, axes, at);
    const mine = add(plot, "polyline", { class: "mine" });
    const theirs = add(plot, "g", { class: "theirs" });
    const step = (axes.y[1] - axes.y[0]) / 20;
    const points = axes.x.map((x, i) => {
      const point = add(plot, "circle", { class: "mine", r: 7, cx: at.x(x), tabindex: 0, role: "slider" });
      point.setAttribute("aria-label", `your guess at ${axes.xlabel} = ${number(x)}`);
      point.setAttribute("aria-valuemin", axes.y[0]);
      point.setAttribute("aria-valuemax", axes.y[1]);
      point.addEventListener("keydown", (event) => {
        const by = { ArrowUp: 1, ArrowDown: -1, PageUp: 4, PageDown: -4 }[event.key];
        const to = { Home: axes.y[0], End: axes.y[1] }[event.key] ?? (by && drawn[i] + by * step);
        const next = points[i + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? NaN)];
        if (to !== undefined) set(i, to);
        if (next) next.focus();
        if (to !== undefined || next) event.preventDefault();
      });
      return point;
    });
    const redraw = () => {
      drawn.forEach((y, i) => {
        points[i].setAttribute("cy", at.y(y));
        points[i].setAttribute("aria-valuenow", number(y));
      });
      mine.setAttribute("points", drawn.map((y, i) => `${at.x(axes.x[i])},${at.y(y)}`).join(" "));
    };
    const set = (i, y) => {
      if (settled) return;
      touched = true;
      drawn[i] = Math.min(axes.y[1], Math.max(axes.y[0], y));
      redraw();
    };
    let before = null; // the last column that the pointer was in: a fast stroke must not skip columns
    const stroke = (event) => {
      const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(plot.getScreenCTM().inverse());
      const near = axes.x.map((x) => Math.abs(at.x(x) - spot.x));
      const i = near.indexOf(Math.min(...near));
      const y = at.value(spot.y);
      const from = before ?? { i, y };
      for (let j = from.i; j !== i; j += Math.sign(i - j)) set(j, from.y + ((y - from.y) * (j - from.i)) / (i - from.i));
      set(i, y);
      before = { i, y };
    };
    plot.addEventListener("pointerdown", (event) => {
      if (settled) return;
      plot.setPointerCapture(event.pointerId);
      stroke(event);
    });
    plot.addEventListener("pointermove", (event) => before && stroke(event));
    for (const end of ["pointerup", "pointercancel"]) plot.addEventListener(end, () => (before = null));
    redraw();
    prediction(card, {
      said: () => "The dashed curve is yours.",
      restore: {
        missing: "Draw first: drag a point up or down, or use the arrow keys.",
        read: () => (touched ? drawn : null),
        write: (value) => {
          drawn = [...(value ?? start)];
          touched = value !== null;
          redraw();
        },
        focus: () => points[0].focus(),
      },
      lock: (now) => {
        settled = now;
        points.forEach((point) => point.setAttribute("aria-disabled", now));
        theirs.replaceChildren();
        const measured = now && answers.get(card.dataset.name);
        if (measured) draw_measured(theirs, measured, at);
      },
      reveal: (measured) => `${miss(axes, drawn, measured)} ${measured.says}`,
    });
  }

  function miss(axes, drawn, measured) {
    const off = axes.x.map((x, i) => Math.abs(drawn[i] - between(measured, x, axes.log)));
    const most = off.indexOf(Math.max(...off));
    return `You were furthest off at ${axes.xlabel} = ${number(axes.x[most])}, by ${number(off[most])}.`;
  }

  /** The measured curve at x, on straight lines between its points. */
  function between({ x: xs, y: ys }, x, log) {
    const t = (value) => (log ? Math.log(value) : value);
    const j = xs.findIndex((known) => known >= x);
    if (j <= 0) return ys[j === 0 ? 0 : ys.length - 1];
    const part = (t(x) - t(xs[j - 1])) / (t(xs[j]) - t(xs[j - 1]));
    return ys[j - 1] + part * (ys[j] - ys[j - 1]);
  }

  const BOX = { left: 56, right: 590, top: 14, bottom: 270 }; // of a drawing of 600 × 320

  function scales({ x, y, log }) {
    const t = (value) => (log ? Math.log(value) : value);
    const [first, last] = [t(Math.min(...x)), t(Math.max(...x))];
    const wide = BOX.right - BOX.left - 40;
    const high = BOX.bottom - BOX.top;
    return {
      x: (value) => BOX.left + 20 + (wide * (t(value) - first)) / (last - first || 1),
      y: (value) => BOX.bottom - (high * (value - y[0])) / (y[1] - y[0]),
      value: (spot) => y[0] + ((BOX.bottom - spot) * (y[1] - y[0])) / high,
    };
  }

  function draw_axes(plot, axes, at) {
    add(plot, "rect", { class: "ground", x: 0, y: 0, width: 600, height: 320 });
    add(plot, "path", { class: "axis", d: `M${BOX.left},${BOX.top}V${BOX.bottom}H${BOX.right}` });
    axes.x.forEach((x) => text(plot, number(x), at.x(x), BOX.bottom + 20, "middle"));
    for (let i = 0; i <= 4; i++) {
      const y = axes.y[0] + ((axes.y[1] - axes.y[0]) * i) / 4;
      add(plot, "path", { class: "grid", d: `M${BOX.left},${at.y(y)}H${BOX.right}` });
      text(plot, number(y), BOX.left - 8, at.y(y) + 5, "end");
    }
    text(plot, axes.xlabel, (BOX.left + BOX.right) / 2, 314, "middle");
    const label = text(plot, axes.ylabel, 0, 0, "middle");
    label.setAttribute("transform", `translate(14 ${(BOX.top + BOX.bottom) / 2}) rotate(-90)`);
  }

  function draw_measured(group, { x, y }, at) {
    add(group, "polyline", { points: x.map((value, i) => `${at.x(value)},${at.y(y[i])}`).join(" ") });
    x.forEach((value, i) => add(group, "rect", { x: at.x(value) - 4, y: at.y(y[i]) - 4, width: 8, height: 8 }));
  }

  function add(parent, tag, attributes) {
    const node = parent.appendChild(document.createElementNS("http://www.w3.org/2000/svg", tag));
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  function text(parent, words, x, y, anchor) {
    const node = add(parent, "text", { x, y, "text-anchor": anchor });
    node.textContent = words;
    return node;
  }

  /** The measured side. It stands in the text for everyone; here it also meets what the reader said. */
  function answer(card) {
    const name = card.dataset.name;
    const remark = card.querySelector(".yours");
    answers.set(name, data(card));
    const update = () => {
      remark.textContent = predictions.get(name) ?? "";
    };
    document.addEventListener("landscape-prediction", (event) => event.detail === name && update());
    document.dispatchEvent(new CustomEvent("landscape-answer", { detail: name }));
    update();
  }

  const announce = (name) => document.dispatchEvent(new CustomEvent("landscape-prediction", { detail: name }));

  // ---- quizzes --------------------------------------------------------------------------------------------------
  function quiz(card) {
    const status = card.querySelector("[role=status]");
    const { options, number: wanted } = data(card);
    const tell = (right, feedback) => {
      card.dataset.right = right;
      status.textContent = `${right ? "Right." : "Not so."} ${feedback}`;
    };
    const clear = () => {
      delete card.dataset.right;
      status.textContent = "";
    };
    card.addEventListener("input", clear);
    card.addEventListener("submit", (event) => {
      event.preventDefault();
      if (options) {
        const picked = card.querySelector("input:checked");
        if (!picked) return (status.textContent = "Pick an answer first.");
        const option = options[Number(picked.value)];
        return tell(option.right, option.feedback);
      }
      const typed = card.querySelector("input").value.trim().replace(",", ".").replace("−", "-");
      const value = typed === "" ? NaN : Number(typed);
      if (!Number.isFinite(value)) return (status.textContent = "Type a number, such as 0.5 or 120.");
      const near = (other) => Math.abs(value - other.value) <= other.tolerance;
      const known = [wanted, ...wanted.wrong].find(near);
      tell(known === wanted, (known ?? wanted.otherwise).feedback);
    });
  }

  // ---- small things ---------------------------------------------------------------------------------------------
  const data = (card) => JSON.parse(card.querySelector("script[type='application/json']").textContent);
  const number = (value) => String(Number(value.toPrecision(3)));

  /** For this tab only; a page opened from a file, or a strict browser, may have no storage. */
  const place = (name) => `landscape ${location.pathname} ${name}`;
  function keep(name, value) {
    try {
      if (value === null) sessionStorage.removeItem(place(name));
      else sessionStorage.setItem(place(name), JSON.stringify(value));
    } catch {
      /* then it is forgotten with the page */
    }
  }
  function recall(name) {
    try {
      return JSON.parse(sessionStorage.getItem(place(name)));
    } catch {
      return null;
    }
  }

  return { enhance };
})();

document.addEventListener("DOMContentLoaded", () =>
  document.querySelectorAll("[data-card]").forEach((card) => globalThis.landscapeCards.enhance(card)),
);

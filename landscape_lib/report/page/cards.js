/* Cards: explorers, surfaces, predictions and quizzes. One script for the built page, where it enhances what is there, and for
   Jupyter, where a widget hands it the same HTML. Nothing leaves the page: what a reader predicted is kept for this tab. */
globalThis.landscapeCards ??= (() => {
  const parts = { explorer, surface, choice, curve, answer, quiz };
  // Both by the hash of the question, so that an edited question has nothing to do with the one it was.
  const answers = new Map(); // what was measured
  const predictions = new Map(); // what the reader said, as a sentence

  /** Bring one card to life, until `signal` ends it. `ask`, where a kernel listens, turns settings into a frame. */
  function enhance(card, { ask, signal } = {}) {
    try {
      card.querySelectorAll("[data-needs-script]").forEach((part) => part.removeAttribute("hidden"));
      parts[card.dataset.card](card, { ask, signal });
    } catch (error) {
      // One broken card must not take the others along: it goes back to what it is without script.
      card.querySelectorAll("[data-needs-script]").forEach((part) => part.setAttribute("hidden", ""));
      console.warn(`${card.dataset.card} ${card.dataset.name ?? ""}: ${error}`);
    }
  }

  // ---- explorers: native controls over frames -------------------------------------------------------------------
  function explorer(card, { ask }) {
    const controls = [...card.querySelectorAll("[data-setting]")];
    const frames = data(card);
    const picture = card.querySelector("img");
    const said = card.querySelector("[role=status]");
    const trouble = card.querySelector("[role=alert]");
    let last = 0;
    let paper; // the frame of the caption, which is what print shows wherever the controls stand
    const show = (frame) => {
      trouble.textContent = "";
      if (!paper) {
        paper = picture.cloneNode();
        paper.className = "on-paper";
        picture.after(paper);
      }
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
        if (call === last) trouble.textContent = error.message;
      }
      if (call === last) card.removeAttribute("aria-busy");
    };
    controls.forEach((control) => control.addEventListener("input", change));
  }

  // ---- surfaces: heights over a plane, turned by sliders, which a pointer drags too ------------------------------
  function surface(card) {
    const { axes, ends, colours, surfaces } = data(card);
    const canvas = card.querySelector("canvas");
    const menu = card.querySelector("select");
    const said = card.querySelector("[role=status]");
    const [turn, tilt] = ["turn", "tilt"].map((angle) => card.querySelector(`[data-angle=${angle}]`));
    card.querySelector("img").classList.add("on-paper");
    const shown = () => surfaces[menu ? Number(menu.value) : 0];
    const draw = () => draw_surface(canvas, shown().heights, { axes, ends, colours }, Number(turn.value), Number(tilt.value));
    const change = () => {
      for (const slider of [turn, tilt]) slider.setAttribute("aria-valuetext", `${slider.value} degrees`);
      canvas.setAttribute("aria-label", shown().alt);
      draw();
    };
    for (const control of [turn, tilt, menu]) control?.addEventListener("input", change);
    menu?.addEventListener("input", () => (said.textContent = shown().alt));
    let held = null; // where the pointer took hold, and the angles then
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      held = { x: event.clientX, y: event.clientY, turn: Number(turn.value), tilt: Number(tilt.value) };
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!held) return;
      const round = held.turn - (event.clientX - held.x) / 2;
      turn.value = ((((round + 180) % 360) + 360) % 360) - 180;
      if (event.pointerType === "mouse") tilt.value = held.tilt + (event.clientY - held.y) / 2; // a finger scrolls
      change();
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (held = null));
    new ResizeObserver(draw).observe(canvas);
    new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    change();
  }

  /** Facets from the farthest to the nearest, in parallel projection. Heights are in thousandths, null is a hole. */
  function draw_surface(canvas, heights, { axes, ends, colours }, turn, tilt) {
    const ratio = globalThis.devicePixelRatio || 1;
    const [wide, high] = [canvas.clientWidth, canvas.clientHeight];
    if (!wide) return; // not shown, or not yet
    [canvas.width, canvas.height] = [wide * ratio, high * ratio];
    const ink = canvas.getContext("2d");
    ink.scale(ratio, ratio);
    const [a, e] = [turn, tilt].map((angle) => (angle * Math.PI) / 180);
    const scale = Math.min(wide / 3.1, high / 2.7);
    const rise = 1.2 * Math.cos(e);
    /** A point of the box [−1, 1] × [−1, 1] × [0, 1]: where it is drawn, and how far it is from the eye. */
    const place = (u, v, w) => {
      const away = u * Math.sin(a) + v * Math.cos(a);
      return {
        x: wide / 2 + scale * (u * Math.cos(a) - v * Math.sin(a)),
        y: high / 2 + scale * (rise / 2 - w * rise - away * Math.sin(e)),
        far: away * Math.cos(e) - 1.2 * w * Math.sin(e),
      };
    };
    const colour = getComputedStyle(canvas).color;
    const line = (points) => {
      ink.beginPath();
      points.forEach(({ x, y }) => ink.lineTo(x, y));
      ink.stroke();
    };
    const write = (words, { x, y }, align) => {
      ink.textAlign = align;
      ink.fillText(words, x, y);
    };
    ink.font = `14px ${getComputedStyle(canvas).fontFamily}`;
    ink.strokeStyle = ink.fillStyle = colour;
    const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([u, v]) => ({ u, v, ...place(u, v, 0) }));
    line([...corners, corners[0]]);
    const [rows, columns] = [heights.length, heights[0].length];
    const points = heights.map((row, i) =>
      row.map((w, j) => w !== null && place((2 * j) / (columns - 1) - 1, (2 * i) / (rows - 1) - 1, w / 999)),
    );
    const facets = [];
    for (let i = 0; i + 1 < rows; i++)
      for (let j = 0; j + 1 < columns; j++) {
        const four = [points[i][j], points[i][j + 1], points[i + 1][j + 1], points[i + 1][j]];
        if (!four.every(Boolean)) continue;
        const w = (heights[i][j] + heights[i][j + 1] + heights[i + 1][j + 1] + heights[i + 1][j]) / 4 / 999;
        facets.push({ four, w, far: four.reduce((sum, { far }) => sum + far, 0) });
      }
    facets.sort((one, other) => other.far - one.far);
    ink.lineWidth = 0.7;
    for (const { four, w } of facets) {
      ink.fillStyle = colours[Math.min(colours.length - 1, Math.floor(w * colours.length))];
      ink.strokeStyle = "rgb(0 0 0 / 0.35)";
      ink.beginPath();
      four.forEach(({ x, y }) => ink.lineTo(x, y));
      ink.closePath();
      ink.fill();
      ink.stroke();
    }
    ink.strokeStyle = ink.fillStyle = colour;
    ink.lineWidth = 1;
    // A scale at the corner that is furthest left, names at the two edges in front.
    const left = corners.reduce((one, other) => (other.x < one.x ? other : one));
    const top = place(left.u, left.v, 1);
    if (tilt < 80) {
      line([left, top]);
      write(ends[0], { x: left.x - 6, y: left.y - 4 }, "right");
      write(ends[1], { x: top.x - 6, y: top.y + 4 }, "right");
    }
    write(axes[2], { x: 4, y: 16 }, "left");
    const middles = [[0, -1, 0], [1, 0, 1], [0, 1, 0], [-1, 0, 1]].map(([u, v, axis]) => ({ axis, ...place(u, v, 0) }));
    const [one, other] = middles.sort((p, q) => p.far - q.far);
    for (const { axis, x, y } of [one, other])
      write(axes[axis], { x: x + Math.sign(x - wide / 2) * 8, y: y + 18 }, x < wide / 2 ? "right" : "left");
    const centre = points[rows >> 1][columns >> 1];
    if (centre) {
      ink.beginPath();
      ink.arc(centre.x, centre.y, 5, 0, 7);
      ink.fillStyle = "#d55e00";
      ink.fill();
      ink.strokeStyle = "#ffffff";
      ink.stroke();
    }
  }

  // ---- predictions ----------------------------------------------------------------------------------------------
  /** What both kinds of prediction share: commit, start over, and the measured side once it is known. */
  function prediction(card, signal, { said, restore, lock, reveal }) {
    const name = card.dataset.about;
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
    const meet = (event) => event.detail === name && predictions.has(name) && update(true);
    document.addEventListener("landscape-answer", meet, { signal });
    const kept = recall(name);
    if (restore.fits(kept)) {
      restore.write(kept);
      settle(kept);
    } else update(false);
  }

  function choice(card, { signal }) {
    const inputs = [...card.querySelectorAll("input")];
    const words = (i) => inputs[i].parentElement.querySelector("span").textContent;
    prediction(card, signal, {
      said: (i) => `You said: ${words(i)}.`,
      restore: {
        missing: "Pick one first.",
        fits: (value) => Number.isInteger(value) && value >= 0 && value < inputs.length,
        read: () => (inputs.some((input) => input.checked) ? inputs.findIndex((input) => input.checked) : null),
        write: (value) => inputs.forEach((input, i) => (input.checked = i === value)),
        focus: () => inputs[0].focus(),
      },
      lock: (settled) =>
        inputs.forEach((input, i) => {
          input.disabled = settled;
          const measured = settled && answers.get(card.dataset.about)?.option === i;
          input.parentElement.classList.toggle("measured", Boolean(measured));
        }),
      reveal: (measured) => `Measured: ${measured.words}. ${measured.says}`,
    });
  }

  /** The reader drags, or steps with the arrow keys, one point at each x; the measured points come over them. */
  function curve(card, { signal }) {
    const axes = data(card); // x: values, y: [low, high], log: is x logarithmic, xlabel, ylabel
    const plot = card.querySelector("svg");
    const width = plot.clientWidth < 420 ? 360 : 600; // a phone's drawing is narrower, not smaller
    plot.setAttribute("viewBox", `0 0 ${width} 320`);
    const at = scales(axes, width);
    const start = axes.x.map(() => (axes.y[0] + axes.y[1]) / 2);
    let drawn = [...start];
    let settled = false;
    let touched = false;
    draw_axes(plot, axes, at);
    const mine = add(plot, "polyline", { class: "mine" });
    const theirs = add(plot, "g", { class: "theirs" });
    const step = (axes.y[1] - axes.y[0]) / 20;
    const points = axes.x.map((x, i) => {
      const point = add(plot, "circle", { class: "mine", r: 8, cx: at.x(x), tabindex: 0, role: "slider" });
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
    prediction(card, signal, {
      said: () => "The dashed curve is yours.",
      restore: {
        missing: "Draw first: drag a point up or down, or use the arrow keys.",
        fits: (value) => Array.isArray(value) && value.length === start.length && value.every(Number.isFinite),
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
        const measured = now && answers.get(card.dataset.about);
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

  const BOX = { left: 56, top: 14, bottom: 270 }; // of a drawing 320 high

  /** From values to places in a drawing of the given width. */
  function scales({ x, y, log }, width) {
    const t = (value) => (log ? Math.log(value) : value);
    const [first, last] = [t(Math.min(...x)), t(Math.max(...x))];
    const right = width - 10;
    const wide = right - BOX.left - 40;
    const high = BOX.bottom - BOX.top;
    return {
      right,
      x: (value) => BOX.left + 20 + (wide * (t(value) - first)) / (last - first || 1),
      // what is off the scale is drawn at its edge: the text has the number
      y: (value) => BOX.bottom - (high * (Math.min(y[1], Math.max(y[0], value)) - y[0])) / (y[1] - y[0]),
      value: (spot) => y[0] + ((BOX.bottom - spot) * (y[1] - y[0])) / high,
    };
  }

  function draw_axes(plot, axes, at) {
    add(plot, "rect", { class: "ground", x: 0, y: 0, width: "100%", height: 320 });
    add(plot, "path", { class: "axis", d: `M${BOX.left},${BOX.top}V${BOX.bottom}H${at.right}` });
    let last = -Infinity;
    for (const x of axes.x.filter((x) => at.x(x) - last > 32 && (last = at.x(x))))
      text(plot, number(x), at.x(x), BOX.bottom + 20, "middle");
    for (let i = 0; i <= 4; i++) {
      const y = axes.y[0] + ((axes.y[1] - axes.y[0]) * i) / 4;
      add(plot, "path", { class: "grid", d: `M${BOX.left},${at.y(y)}H${at.right}` });
      text(plot, number(y), BOX.left - 8, at.y(y) + 5, "end");
    }
    text(plot, axes.xlabel, (BOX.left + at.right) / 2, 314, "middle");
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
  function answer(card, { signal }) {
    const name = card.dataset.about;
    const remark = card.querySelector(".yours");
    answers.set(name, data(card));
    const update = () => {
      remark.textContent = predictions.get(name) ?? "";
    };
    document.addEventListener("landscape-prediction", (event) => event.detail === name && update(), { signal });
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
      const given = card.querySelector("input").value.trim().replace("−", "-");
      if (/^-?\d{1,3},\d{3}$/.test(given)) return (status.textContent = `${given}: a thousand, or a fraction? Type no comma.`);
      const typed = given.replace(",", ".");
      const value = typed === "" ? NaN : Number(typed);
      if (!Number.isFinite(value)) return (status.textContent = "Type a number, such as 0.5 or 120.");
      const near = (other) => Math.abs(value - other.value) <= other.tolerance + 1e-9 * Math.max(1, Math.abs(other.value));
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

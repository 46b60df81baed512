// The live panel of a run, as one anywidget module: it shows the model's state and sends back which button was pressed.
// All that is shown is made by the worker; the only markup put in as such is the worker's own drawing.

const ACTIONS = [
  { name: "resume", label: "Resume", title: "Go on", path: "M1 0 L10 5 L1 10 Z" },
  { name: "pause", label: "Pause", title: "Hold the run at its next hook", path: "M1 0h3v10H1Z M6 0h3v10H6Z" },
  { name: "step", label: "Step", title: "Go on to the next hook and hold there", path: "M0 0 L7 5 L0 10 Z M7.5 0h2.5v10H7.5Z" },
  { name: "stop", label: "Stop", title: "End the run: its end hooks still fire", path: "M0.5 0.5h9v9h-9Z" },
];

/** An element with its class, attributes and children. */
function make(tag, name, attributes = {}, children = []) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A small picture for a button; its label says the same. */
function icon(path) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 10 10");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(namespace, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

/**
 * The buttons, of which those in `can` are enabled; a press is sent once and waits for the worker's answer.
 * They are dimmed by `aria-disabled`, which leaves the focus where it is: Step may be pressed again and again.
 */
function buttons(model, isLive) {
  const all = ACTIONS.map(({ name, label, title, path }) => {
    const button = make("button", "", { type: "button", title, "data-action": name }, [icon(path), label]);
    button.setAttribute("aria-description", title);
    button.addEventListener("click", () => press(button));
    return button;
  });
  const dim = (button, dimmed) => button.setAttribute("aria-disabled", String(dimmed));
  function press(button) {
    if (button.getAttribute("aria-disabled") === "true") return;
    model.send({ action: button.dataset.action });
    // Until the worker has answered, so that a second press is not a second step.
    for (const one of all) dim(one, true);
    button.setAttribute("aria-busy", "true");
  }
  function show() {
    const can = isLive() ? (model.get("can") ?? []) : [];
    for (const one of all) {
      dim(one, !can.includes(one.dataset.action));
      one.removeAttribute("aria-busy");
    }
  }
  const group = make("div", "buttons", { role: "group", "aria-label": `Controls of ${model.get("title")}` }, all);
  return { group, show };
}

/** Replaces an element's text only where it differs, so that readers of the screen are not told twice. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function render({ model, el }) {
  const title = make("span", "title");
  const state = make("span", "state", { role: "status" });
  const place = make("span", "place");
  const filled = make("div", "");
  const bar = make("div", "bar", { role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, [filled]);
  const figures = make("dl", "");
  const problem = make("div", "problem", { role: "alert" });
  const log = make("pre", "log", { tabindex: "0", "aria-label": "Printed while the run was driven from this panel" });
  const chart = make("div", "chart");
  let live = true;
  const controls = buttons(model, () => live);
  const head = make("div", "head", {}, [title, state, place]);
  // JupyterLab's single keys (R makes a raw cell) must not take what is typed on a button.
  const root = make("div", "candlewick-run", { "data-lm-suppress-shortcuts": "true" }, [head, bar, controls.group, figures, problem, log, chart]);

  const parts = {
    title: (value) => write(title, value),
    state: (value) => {
      root.dataset.state = live ? value : "disconnected";
      write(state, live ? value : `disconnected (was ${value})`);
    },
    where: (value) => write(place, value),
    fraction: (value) => {
      filled.style.width = `${100 * value}%`;
      bar.setAttribute("aria-valuenow", String(Math.round(100 * value)));
    },
    progress: (value) => bar.setAttribute("aria-valuetext", value),
    figures: (value) => {
      figures.replaceChildren(
        ...value.map(([name, text]) => make("div", "", {}, [make("dt", "", {}, [name]), make("dd", "", {}, [text])])),
      );
    },
    problem: (value) => write(problem, value),
    log: (value) => {
      write(log, value);
      log.scrollTop = log.scrollHeight;
    },
    svg: (value) => {
      chart.innerHTML = value;
    },
  };
  for (const [key, show] of Object.entries(parts)) {
    const update = () => show(model.get(key));
    model.on(`change:${key}`, update);
    update();
  }
  model.on("change:can", controls.show);
  model.on("change:answered", controls.show);
  controls.show();
  // The kernel was restarted, or the page lost it and found it again.
  model.on("comm_live_update", async () => {
    const own = await model.widget_manager.get_model(model.get("comm"));
    live = own?.comm_live ?? false;
    parts.state(model.get("state"));
    controls.show();
  });

  el.append(root);
}

export default { render };

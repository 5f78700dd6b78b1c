// What the comparison page runs in the browser: one view of all pictures (zoom, pan), two of them in turn, a profile along
// a line, and the values under the pointer. It reads the values from the page's data block and labels from its text.

/** Plain JavaScript of one function; without a module, since the page stands alone. */
export const COMPARISON_SCRIPT = String.raw`
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { width, height, binPx, pixelSizeM, colours, quantities } = data;
  const views = [...document.querySelectorAll(".view")];
  const labels = [...document.querySelectorAll("#inputs .label")].map((cell) => cell.textContent);
  const byId = (id) => document.getElementById(id);
  const state = { zoom: 1, x: width / 2, y: height / 2, blink: null, shown: 0, profile: null };
  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

  // Values: little-endian uint16; 65535 is none.
  const planes = quantities.map(({ extent, values }) => values.map((text) => {
    const bytes = atob(text);
    return (x, y) => {
      if (x < 0 || y < 0 || x >= width || y >= height) return NaN;
      const at = 2 * (y * width + x);
      const q = bytes.charCodeAt(at) + 256 * bytes.charCodeAt(at + 1);
      return q === 65535 ? NaN : extent[0] + (q / 65534) * (extent[1] - extent[0]);
    };
  }));

  // A view shows picture point (state.x, state.y) in its middle; scale is screen pixels per picture pixel.
  const scaleOf = (view) => (view.clientWidth / width) * state.zoom;
  const toPicture = (view, event) => {
    const box = view.getBoundingClientRect();
    const scale = scaleOf(view);
    return {
      x: state.x + (event.clientX - box.left - view.clientLeft - view.clientWidth / 2) / scale,
      y: state.y + (event.clientY - box.top - view.clientTop - view.clientHeight / 2) / scale,
    };
  };
  const drawViews = () => {
    const half = { x: width / 2 / state.zoom, y: height / 2 / state.zoom };
    state.x = clamp(state.x, half.x, width - half.x);
    state.y = clamp(state.y, half.y, height - half.y);
    for (const view of views) {
      const scale = scaleOf(view);
      const left = view.clientWidth / 2 - state.x * scale;
      const top = view.clientHeight / 2 - state.y * scale;
      for (const image of view.querySelectorAll("img"))
        image.style.transform = "translate(" + left + "px," + top + "px) scale(" + state.zoom + ")";
      const line = view.querySelector("line");
      if (state.profile === null) line.style.display = "none";
      else {
        const [x0, y0, x1, y1] = state.profile;
        line.style.display = "";
        line.setAttribute("x1", left + x0 * scale);
        line.setAttribute("y1", top + y0 * scale);
        line.setAttribute("x2", left + x1 * scale);
        line.setAttribute("y2", top + y1 * scale);
      }
    }
    byId("zoom").textContent = state.zoom.toFixed(1) + "x";
  };
  const zoomBy = (factor, about) => {
    const zoom = clamp(state.zoom * factor, 1, 64);
    const kept = state.zoom / zoom;
    state.x = about.x + (state.x - about.x) * kept;
    state.y = about.y + (state.y - about.y) * kept;
    state.zoom = zoom;
    drawViews();
  };

  // Profile: values of the nearest pixels along the line.
  const drawProfile = () => {
    byId("profile").hidden = state.profile === null;
    if (state.profile === null) return;
    const [x0, y0, x1, y1] = state.profile;
    const length = Math.hypot(x1 - x0, y1 - y0);
    const count = Math.max(2, Math.ceil(length) + 1);
    const unit = pixelSizeM === null ? binPx : binPx * pixelSizeM * 1e9;
    byId("profile-line").textContent =
      "from (" + (x0 * binPx).toFixed(1) + ", " + (y0 * binPx).toFixed(1) + ") to (" + (x1 * binPx).toFixed(1) + ", " +
      (y1 * binPx).toFixed(1) + ") px, " + (length * unit).toPrecision(4) + (pixelSizeM === null ? " px" : " nm") + " long";
    quantities.forEach((quantity, q) => {
      const curves = planes[q].map((value) => Array.from({ length: count }, (_, i) => {
        const t = i / (count - 1);
        return value(Math.floor(x0 + t * (x1 - x0)), Math.floor(y0 + t * (y1 - y0)));
      }));
      const finite = curves.flat().filter(Number.isFinite);
      const low = Math.min(...finite);
      const high = Math.max(...finite);
      const span = high > low ? high - low : 1;
      const svg = byId("profile-" + quantity.name);
      svg.replaceChildren();
      const add = (name, attributes, text) => {
        const element = document.createElementNS(svg.namespaceURI, name);
        for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
        if (text !== undefined) element.textContent = text;
        svg.append(element);
      };
      if (finite.length === 0) return add("text", { x: 60, y: 40 }, "the line crosses nothing that all cover");
      add("path", { d: "M60 10V170H710", fill: "none", stroke: "#888" });
      for (const share of [0, 0.5, 1]) {
        add("text", { x: 54, y: 174 - 160 * share, "text-anchor": "end" }, String(Number((low + share * (high - low)).toPrecision(3))));
        const place = String(Number((share * length * unit).toPrecision(4))) + (share < 1 ? "" : pixelSizeM === null ? " px" : " nm");
        add("text", { x: 60 + 650 * share, y: 188, "text-anchor": share < 1 ? "middle" : "end" }, place);
      }
      curves.forEach((curve, member) => {
        let path = "";
        curve.forEach((value, i) => {
          if (!Number.isFinite(value)) return;
          const pen = i > 0 && Number.isFinite(curve[i - 1]) ? "L" : "M";
          path += pen + (60 + (650 * i) / (count - 1)).toFixed(1) + " " + (170 - (160 * (value - low)) / span).toFixed(1);
        });
        add("path", { d: path, fill: "none", stroke: colours[member], "stroke-width": 1.6, "data-member": member });
      });
    });
  };

  // Blink: two pictures in one place.
  const blinkView = byId("blink-view");
  const chosen = (id) => Number(byId(id).value);
  const setBlink = () => {
    const sources = [chosen("blink-first"), chosen("blink-second")].map((member) =>
      document.querySelector('.view[data-member="' + member + '"][data-quantity="' + byId("blink-quantity").value + '"] img').src);
    [...blinkView.querySelectorAll("img")].forEach((image, i) => { image.src = sources[i]; });
    showBlink();
  };
  const showBlink = () => {
    [...blinkView.querySelectorAll("img")].forEach((image, i) => { image.hidden = i !== state.shown; });
    byId("blink-label").textContent = labels[chosen(state.shown === 0 ? "blink-first" : "blink-second")];
  };
  const turn = () => { state.shown = 1 - state.shown; showBlink(); };
  const runBlink = (isOn) => {
    clearInterval(state.blink);
    state.blink = isOn ? setInterval(turn, Number(byId("blink-ms").value)) : null;
    byId("blink-run").textContent = isOn ? "Stop" : "Blink";
    byId("blink-run").setAttribute("aria-pressed", String(isOn));
  };

  // The view in the address, so that it can be kept: #zoom=4&x=50&y=60&profile=0,0,9,9&blink=0,1,phase
  const writeAddress = () => {
    const parts = [];
    if (state.zoom > 1) parts.push("zoom=" + state.zoom.toFixed(2), "x=" + state.x.toFixed(1), "y=" + state.y.toFixed(1));
    if (state.profile !== null) parts.push("profile=" + state.profile.map((value) => value.toFixed(1)).join(","));
    if (state.blink !== null)
      parts.push("blink=" + [chosen("blink-first"), chosen("blink-second"), byId("blink-quantity").value].join(","));
    history.replaceState(null, "", "#" + parts.join("&"));
  };
  const readAddress = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    const number = (name, fallback) => (asked.has(name) && Number.isFinite(Number(asked.get(name))) ? Number(asked.get(name)) : fallback);
    state.zoom = clamp(number("zoom", 1), 1, 64);
    state.x = number("x", width / 2);
    state.y = number("y", height / 2);
    const line = (asked.get("profile") ?? "").split(",").map(Number);
    state.profile = line.length === 4 && line.every(Number.isFinite) ? line : null;
    const [first, second, quantity] = (asked.get("blink") ?? "").split(",");
    const isMember = (text) => /^\d+$/.test(text) && Number(text) < labels.length;
    if (isMember(first) && isMember(second)) {
      byId("blink-first").value = first;
      byId("blink-second").value = second;
      if (quantities.some(({ name }) => name === quantity)) byId("blink-quantity").value = quantity;
    }
    setBlink();
    runBlink(asked.has("blink"));
    drawViews();
    drawProfile();
  };

  // Pointer and keys.
  const isLine = () => byId("drag-line").checked;
  const readOut = ({ x, y }) => {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const values = labels.map((label, member) => {
      const [amplitude, phase] = planes.map((all) => all[member](column, row));
      return label + " " + (Number.isFinite(amplitude) ? amplitude.toPrecision(4) + ", " + phase.toFixed(3) + " rad" : "not covered");
    });
    byId("read-out").textContent = "(" + column * binPx + ", " + row * binPx + ") px: " + values.join("; ");
  };
  for (const view of views) {
    let from = null;
    view.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoomBy(Math.exp(-0.0015 * event.deltaY), toPicture(view, event));
      writeAddress();
    }, { passive: false });
    view.addEventListener("pointerdown", (event) => {
      from = toPicture(view, event);
      view.setPointerCapture(event.pointerId);
    });
    view.addEventListener("pointermove", (event) => {
      const at = toPicture(view, event);
      readOut(at);
      if (from === null) return;
      if (isLine() !== event.shiftKey) {
        state.profile = [from.x, from.y, clamp(at.x, 0, width), clamp(at.y, 0, height)];
        drawProfile();
      } else {
        state.x += from.x - at.x;
        state.y += from.y - at.y;
      }
      drawViews();
    });
    const end = () => { if (from !== null) writeAddress(); from = null; };
    view.addEventListener("pointerup", end);
    view.addEventListener("pointercancel", end);
    view.addEventListener("dblclick", () => { state.zoom = 1; drawViews(); writeAddress(); });
    view.addEventListener("keydown", (event) => {
      const step = width / 10 / state.zoom;
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      if (event.key === "+" || event.key === "-") zoomBy(event.key === "+" ? 1.25 : 0.8, state);
      else if (event.key === "0") state.zoom = 1;
      else if (moves[event.key] !== undefined) {
        state.x += moves[event.key][0];
        state.y += moves[event.key][1];
      } else return;
      event.preventDefault();
      drawViews();
      writeAddress();
    });
  }
  byId("reset").addEventListener("click", () => { state.zoom = 1; state.profile = null; drawViews(); drawProfile(); writeAddress(); });
  byId("blink-run").addEventListener("click", () => { runBlink(state.blink === null); writeAddress(); });
  byId("blink-turn").addEventListener("click", turn);
  for (const id of ["blink-first", "blink-second", "blink-quantity"]) byId(id).addEventListener("change", setBlink);
  byId("blink-ms").addEventListener("change", () => { if (state.blink !== null) runBlink(true); });
  for (const box of document.querySelectorAll(".curve-box"))
    box.addEventListener("change", () => {
      for (const curve of document.querySelectorAll("#rings .curve-" + box.value)) curve.style.display = box.checked ? "" : "none";
    });
  document.body.classList.add("live");
  addEventListener("resize", drawViews);
  addEventListener("hashchange", readAddress);
  readAddress();
})();
`;

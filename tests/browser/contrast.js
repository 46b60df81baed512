// Every text that stands in an output area of the page, with its contrast to what is painted behind it: WCAG's ratio,
// 1 for invisible, 21 for black on white. Opacity counts. Evaluated in the page by notebooks.py.
() => {
  const parse = (text) => {
    const parts = (text.match(/[\d.]+/g) || []).map(Number);
    if (!text.startsWith("rgb") || parts.length < 3) return null;
    return { rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
  };
  const over = (top, alpha, below) => top.map((c, i) => c * alpha + below[i] * (1 - alpha));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const opacity = (element) => {
    let all = 1;
    for (let e = element; e; e = e.parentElement) all *= Number(getComputedStyle(e).opacity);
    return all;
  };
  const inside = (box, x, y) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
  // The shapes of a drawing that are painted before a text and under its middle, the lowest first.
  const shapes = (element) => {
    const svg = element.closest("svg");
    if (!svg) return [];
    const box = element.getBoundingClientRect();
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    return [...svg.querySelectorAll("rect")].filter(
      (rect) => rect.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING && inside(rect.getBoundingClientRect(), x, y)
    );
  };
  const behind = (element) => {
    const ancestors = [];
    for (let e = element; e; e = e.parentElement) ancestors.unshift(e);
    let painted = [255, 255, 255];
    for (const ancestor of ancestors) {
      const color = parse(getComputedStyle(ancestor).backgroundColor);
      if (color) painted = over(color.rgb, color.alpha, painted);
    }
    for (const shape of shapes(element)) {
      const style = getComputedStyle(shape);
      const color = parse(style.fill);
      if (color) painted = over(color.rgb, color.alpha * Number(style.fillOpacity) * opacity(shape), painted);
    }
    return painted;
  };
  // A drawing in an image is drawn once more in the page, where its texts can be asked.
  const drawings = [...document.querySelectorAll('.jp-Notebook img[src^="data:image/svg+xml"]')].map((image) => {
    const drawing = document.createElement("div");
    drawing.innerHTML = decodeURIComponent(image.src.slice(image.src.indexOf(",") + 1));
    image.after(drawing);
    return drawing;
  });
  const found = [];
  for (const area of document.querySelectorAll(".jp-Notebook .jp-OutputArea-output")) {
    const walker = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent.trim();
      const element = walker.currentNode.parentElement;
      if (!text || !element.getClientRects().length || ["STYLE", "SCRIPT", "TITLE", "DESC"].includes(element.tagName.toUpperCase())) continue;
      const style = getComputedStyle(element);
      const color = parse(element.closest("svg") ? style.fill : style.color);
      if (!color) continue;
      const paper = behind(element);
      const ink = over(color.rgb, color.alpha * opacity(element), paper);
      const [a, b] = [luminance(ink), luminance(paper)].sort((a, b) => b - a);
      found.push({ text, contrast: (a + 0.05) / (b + 0.05) });
    }
  }
  drawings.forEach((drawing) => drawing.remove());
  return found;
}

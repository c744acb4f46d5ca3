const dark = matchMedia("(prefers-color-scheme: dark)");
const places = document.querySelectorAll(".chart");

// Text and grid follow the page's theme; the marks keep their colours in both.
function themed(layout) {
  const [text, line] = dark.matches ? ["#e6e9ee", "#39424e"] : ["#1d232b", "#d5d9de"];
  const axis = (given) => ({ ...given, gridcolor: line, zerolinecolor: line });
  const font = { family: "system-ui, sans-serif", size: 13, color: text };
  return { ...layout, font, xaxis: axis(layout.xaxis), yaxis: axis(layout.yaxis) };
}

function draw() {
  figures.forEach(({ data, layout }, place) => {
    Plotly.react(places[place], data, themed(layout), { responsive: true, displaylogo: false });
  });
}

dark.addEventListener("change", draw);
draw();

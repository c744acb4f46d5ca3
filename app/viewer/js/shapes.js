// The shapes of the marks, around a point of a canvas: in the picture, and in the legend of a saved one.

export function cross(context, x, y) { strokeLines(context, [[x - 3.5, y - 3.5], [x + 3.5, y + 3.5]], [[x - 3.5, y + 3.5], [x + 3.5, y - 3.5]]); }

export function square(context, x, y) { context.strokeRect(x - 4, y - 4, 8, 8); }

export function triangle(context, x, y) { strokeLines(context, [[x, y - 5], [x + 5, y + 4], [x - 5, y + 4], [x, y - 5]]); }

export function diamond(context, x, y) {
  context.beginPath();
  for (const [dx, dy] of [[0, -5], [5, 0], [0, 5], [-5, 0]]) context.lineTo(x + dx, y + dy);
  context.fill();
}

export function ring(context, x, y, radius, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  context.stroke();
}

export function dot(context, x, y, radius, colour, rim) {
  context.fillStyle = colour;
  context.strokeStyle = rim;
  context.lineWidth = 1.5;
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  context.fill();
  context.stroke();
}

function strokeLines(context, ...lines) {
  context.beginPath();
  for (const points of lines) points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}

// Signs painted over charts and maps, readable on any ground: dark with a light seam.

export function cross(pen, x, y, size) {
  const half = size / 2;
  for (const [line, style] of [
    [4, "#ffffff"],
    [2, "#b3123f"],
  ]) {
    pen.beginPath();
    pen.moveTo(x - half, y - half);
    pen.lineTo(x + half, y + half);
    pen.moveTo(x + half, y - half);
    pen.lineTo(x - half, y + half);
    pen.lineWidth = line;
    pen.strokeStyle = style;
    pen.stroke();
  }
}

export function triangle(pen, x, y, size) {
  const half = size / 2;
  pen.beginPath();
  pen.moveTo(x, y - half);
  pen.lineTo(x + half, y + half);
  pen.lineTo(x - half, y + half);
  pen.closePath();
  pen.fillStyle = "#ffffff";
  pen.fill();
  pen.lineWidth = 1.4;
  pen.strokeStyle = "#8a5300";
  pen.stroke();
}

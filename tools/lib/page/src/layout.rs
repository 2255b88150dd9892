//! Where the boxes of a graph stand: in columns, each left of what it needs.
//!
//! This is the layered drawing of Sugiyama, Tagawa and Toda (1981): a column for each box by its longest
//! path; a place in every column that an edge passes; an order in each column with few crossings, by
//! barycenters; and heights that bring a box to its neighbours' middle as far as the others let it. All
//! in integers, so that the same graph is the same picture everywhere.

/// The room between two columns.
const BETWEEN: i64 = 90;
/// The room between two boxes of a column.
const GAP: i64 = 24;
/// The height of an edge that passes a column.
const LANE: i64 = 8;
/// How often the columns are gone through, back and forth.
const SWEEPS: usize = 12;

/// How large a box is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// From left to right.
    pub width: i64,
    /// From top to bottom.
    pub height: i64,
}

/// A point, from the upper left corner.
pub type Point = (i64, i64);

/// Where everything stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The upper left corner of each box.
    pub boxes: Vec<Point>,
    /// The edges: from which box, to which, and the points between. The first is at the right of the one
    /// box, the last at the left of the other; of a column that is passed there are two.
    pub edges: Vec<(usize, usize, Vec<Point>)>,
    /// What all of it takes.
    pub size: Size,
}

/// A box, or an edge on its way through a column.
#[derive(Clone, Debug, Default)]
struct Node {
    column: usize,
    height: i64,
    left: Vec<usize>,
    right: Vec<usize>,
    /// Its place in its column.
    rank: i64,
    top: i64,
}

/// Lays out boxes. `needs` has for each the boxes that it needs, all of which come before it.
pub fn layout(sizes: &[Size], needs: &[Vec<usize>]) -> Layout {
    let (mut nodes, chains) = nodes(sizes, needs);
    let mut columns = columns(&nodes);
    order(&mut nodes, &mut columns);
    heighten(&mut nodes, &columns);

    let boxes = sizes.len();
    let mut lefts = Vec::new();
    let mut left = 0;
    for column in &columns {
        let real = column.iter().filter(|node| **node < boxes);
        let width = real.map(|node| sizes[*node].width).max().unwrap_or(0);
        lefts.push((left, left + width));
        left += width + BETWEEN;
    }
    let middle = |node: usize| nodes[node].top + nodes[node].height / 2;
    let edge = |chain: &Vec<usize>| {
        let (from, to) = (chain[0], chain[chain.len() - 1]);
        let mut points = Vec::new();
        for node in chain {
            let (start, end) = lefts[nodes[*node].column];
            let at = middle(*node);
            if *node == from {
                points.push((start + sizes[from].width, at));
            } else if *node == to {
                points.push((start, at));
            } else {
                points.extend([(start, at), (end, at)]);
            }
        }
        (from, to, points)
    };
    let bottom = nodes.iter().map(|node| node.top + node.height).max();
    Layout {
        boxes: (0..boxes)
            .map(|node| (lefts[nodes[node].column].0, nodes[node].top))
            .collect(),
        edges: chains.iter().map(edge).collect(),
        size: Size {
            width: (left - BETWEEN).max(0),
            height: bottom.unwrap_or(0),
        },
    }
}

/// The boxes, then a node for each column that an edge passes; and the nodes along each edge.
fn nodes(sizes: &[Size], needs: &[Vec<usize>]) -> (Vec<Node>, Vec<Vec<usize>>) {
    let mut nodes: Vec<Node> = Vec::new();
    for size in sizes {
        nodes.push(Node {
            height: size.height,
            ..Node::default()
        });
    }
    for node in (0..needs.len()).rev() {
        for need in &needs[node] {
            let column = nodes[node].column + 1;
            nodes[*need].column = nodes[*need].column.max(column);
        }
    }
    let mut chains = Vec::new();
    for (from, to) in edges(needs) {
        let mut chain = vec![from];
        for column in nodes[from].column + 1..nodes[to].column {
            chain.push(nodes.len());
            nodes.push(Node {
                column,
                height: LANE,
                ..Node::default()
            });
        }
        chain.push(to);
        for pair in chain.windows(2) {
            nodes[pair[0]].right.push(pair[1]);
            nodes[pair[1]].left.push(pair[0]);
        }
        chains.push(chain);
    }
    (nodes, chains)
}

fn edges(needs: &[Vec<usize>]) -> impl Iterator<Item = (usize, usize)> {
    let from = needs.iter().enumerate();
    from.flat_map(|(from, needs)| needs.iter().map(move |to| (from, *to)))
}

fn columns(nodes: &[Node]) -> Vec<Vec<usize>> {
    let count = nodes.iter().map(|node| node.column + 1).max().unwrap_or(0);
    let mut columns = vec![Vec::new(); count];
    for (at, node) in nodes.iter().enumerate() {
        columns[node.column].push(at);
    }
    columns
}

/// Sorts the columns so that few edges cross: of all orders that come up, the best.
fn order(nodes: &mut [Node], columns: &mut Vec<Vec<usize>>) {
    rank(nodes, columns);
    let mut best = (crossings(nodes, columns), columns.clone());
    for sweep in 0..SWEEPS {
        let forth = sweep % 2 == 0;
        for at in 0..columns.len() {
            let at = if forth { at } else { columns.len() - 1 - at };
            let mean = |node: &usize| {
                let node = &nodes[*node];
                let near = if forth { &node.left } else { &node.right };
                let sum: i64 = near.iter().map(|other| nodes[*other].rank).sum();
                let count = i64::try_from(near.len()).unwrap_or(i64::MAX);
                // Who has no neighbours stays. In fractions of a place: means are no integers.
                if count == 0 {
                    node.rank * 1000
                } else {
                    sum * 1000 / count
                }
            };
            columns[at].sort_by_cached_key(mean);
            rank(nodes, &columns[at..=at]);
        }
        let now = crossings(nodes, columns);
        if now < best.0 {
            best = (now, columns.clone());
        }
    }
    *columns = best.1;
    rank(nodes, columns);
}

fn rank(nodes: &mut [Node], columns: &[Vec<usize>]) {
    for column in columns {
        for (rank, node) in (0..).zip(column) {
            nodes[*node].rank = rank;
        }
    }
}

/// How many pairs of edges cross between neighbouring columns.
fn crossings(nodes: &[Node], columns: &[Vec<usize>]) -> usize {
    let mut count = 0;
    for column in columns {
        // For each end, how many edges end there or above, as a tree of sums (Fenwick 1994).
        let mut sums = vec![0; nodes.len() + 1];
        let mut seen = 0;
        for node in column {
            let mut ends: Vec<usize> = nodes[*node]
                .right
                .iter()
                .filter_map(|other| usize::try_from(nodes[*other].rank).ok())
                .collect();
            ends.sort_unstable();
            for end in &ends {
                let mut at = end + 1;
                let mut above = 0;
                while at > 0 {
                    above += sums[at];
                    at &= at - 1;
                }
                count += seen - above;
            }
            for end in ends {
                let mut at = end + 1;
                while at < sums.len() {
                    sums[at] += 1;
                    at += at & at.wrapping_neg();
                }
                seen += 1;
            }
        }
    }
    count
}

/// Gives each node its top: near its neighbours' middle, in the order of its column.
fn heighten(nodes: &mut [Node], columns: &[Vec<usize>]) {
    for column in columns {
        let mut top = 0;
        for node in column {
            nodes[*node].top = top;
            top += nodes[*node].height + GAP;
        }
    }
    for sweep in 0..SWEEPS {
        for at in 0..columns.len() {
            let at = if sweep % 2 == 0 {
                at
            } else {
                columns.len() - 1 - at
            };
            let wanted: Vec<i64> = columns[at]
                .iter()
                .map(|node| wanted(nodes, *node))
                .collect();
            let heights: Vec<i64> = columns[at].iter().map(|node| nodes[*node].height).collect();
            for (node, top) in columns[at].iter().zip(settle(&wanted, &heights)) {
                nodes[*node].top = top;
            }
        }
    }
    let least = nodes.iter().map(|node| node.top).min().unwrap_or(0);
    for node in nodes {
        node.top -= least;
    }
}

/// The top that brings a node's middle to the middle of its neighbours.
fn wanted(nodes: &[Node], node: usize) -> i64 {
    let own = &nodes[node];
    let near = own.left.iter().chain(&own.right);
    let middles = near.map(|other| nodes[*other].top + nodes[*other].height / 2);
    let (sum, count) = middles.fold((0, 0), |(sum, count), middle| (sum + middle, count + 1));
    if count == 0 {
        own.top
    } else {
        sum / count - own.height / 2
    }
}

/// The tops that are nearest to those wanted, by least squares, of nodes that stand in this order
/// without touching: those that want each other's place are pooled and share the mean (the algorithm
/// "pool adjacent violators").
fn settle(wanted: &[i64], heights: &[i64]) -> Vec<i64> {
    let mut offset = 0;
    let mut offsets = Vec::new();
    // Sum of what is wanted, and by how many.
    let mut pools: Vec<(i64, i64)> = Vec::new();
    for (top, height) in wanted.iter().zip(heights) {
        offsets.push(offset);
        pools.push((top - offset, 1));
        offset += height + GAP;
        while let [.., (above, many), (below, few)] = pools[..] {
            if above * few <= below * many {
                break;
            }
            pools.truncate(pools.len() - 2);
            pools.push((above + below, many + few));
        }
    }
    let each = pools.iter().flat_map(|(sum, count)| {
        let mean = sum.div_euclid(*count);
        (0..*count).map(move |_| mean)
    });
    each.zip(offsets)
        .map(|(mean, offset)| mean + offset)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Size = Size {
        width: 100,
        height: 40,
    };

    fn drawn(needs: &[&[usize]]) -> Layout {
        let needs: Vec<Vec<usize>> = needs.iter().map(|needs| needs.to_vec()).collect();
        layout(&vec![BOX; needs.len()], &needs)
    }

    /// That no two boxes overlap, and none stands right of what it needs.
    fn check(layout: &Layout) {
        for (at, (x, y)) in layout.boxes.iter().enumerate() {
            for (other_x, other_y) in &layout.boxes[at + 1..] {
                let apart = x.abs_diff(*other_x) >= 100 || y.abs_diff(*other_y) >= 40;
                assert!(apart, "{:?}", layout.boxes);
            }
            assert!(*x >= 0 && *y >= 0 && x + 100 <= layout.size.width);
            assert!(y + 40 <= layout.size.height);
        }
        for (from, to, points) in &layout.edges {
            assert!(layout.boxes[*from].0 < layout.boxes[*to].0);
            assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        }
    }

    #[test]
    fn a_chain_is_a_line() {
        let chain = drawn(&[&[], &[0], &[1]]);
        check(&chain);
        assert_eq!(chain.boxes, [(380, 0), (190, 0), (0, 0)]);
        let edge = (1, 0, vec![(290, 20), (380, 20)]);
        assert_eq!(chain.edges[0], edge);
        assert_eq!(layout(&[], &[]), Layout::default());
    }

    #[test]
    fn an_edge_passes_a_column_beside_its_boxes() {
        let graph = drawn(&[&[], &[0], &[1, 0]]);
        check(&graph);
        let (_, _, points) = &graph.edges[2];
        let lane = points[1];
        let (_, top) = graph.boxes[1];
        assert_eq!(points.len(), 4);
        assert!(lane.1 < top || lane.1 > top + 40, "{graph:?}");
    }

    #[test]
    fn edges_do_not_cross_where_they_need_not() {
        // Two pairs, whose upper one needs the lower one's: turned round, nothing crosses.
        let graph = drawn(&[&[], &[], &[1], &[0]]);
        check(&graph);
        let above = |one: usize, other: usize| graph.boxes[one].1 < graph.boxes[other].1;
        assert_eq!(above(2, 3), above(1, 0));
    }

    #[test]
    fn many_boxes_keep_apart() {
        let needs: Vec<Vec<usize>> = (0..300_usize)
            .map(|at| {
                [at / 2, at / 3, at * 7 % at.max(1)]
                    .into_iter()
                    .filter(move |need| *need < at)
            })
            .map(|needs| {
                let mut needs: Vec<usize> = needs.collect();
                needs.dedup();
                needs
            })
            .collect();
        check(&layout(&vec![BOX; 300], &needs));
    }
}

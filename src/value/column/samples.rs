//! Samples in columns: the series once, and for each sample its series, instant and value.

use std::sync::Arc;

use indexmap::IndexSet;

use crate::value::{Labels, Points, Sample, Series};

/// What identifies a series.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SeriesId {
    /// The metric's name.
    pub name: Arc<str>,
    /// The labels.
    pub labels: Labels,
}

/// Samples in columns, in the order in which they came: twenty bytes each, and the series once.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    ids: Arc<IndexSet<SeriesId>>,
    of: Vec<u32>,
    at_ms: Vec<i64>,
    values: Vec<f64>,
}

impl Samples {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// What identifies the series of a sample; `None` past the end.
    pub fn id(&self, at: usize) -> Option<&SeriesId> {
        self.ids.get_index(*self.of.get(at)? as usize)
    }

    /// The instant of a sample in milliseconds since 1970, and its value; `None` past the end.
    pub fn point(&self, at: usize) -> Option<(i64, f64)> {
        Some((*self.at_ms.get(at)?, *self.values.get(at)?))
    }

    /// A sample on its own; `None` past the end.
    pub fn get(&self, at: usize) -> Option<Sample> {
        let (id, (at_ms, value)) = (self.id(at)?, self.point(at)?);
        Some(Sample { name: id.name.clone(), labels: id.labels.clone(), value, at_ms })
    }

    /// Adds a sample.
    pub fn push(&mut self, sample: &Sample) {
        let place = self.place(SeriesId { name: sample.name.clone(), labels: sample.labels.clone() });
        self.push_at(place, sample.at_ms, sample.value);
    }

    /// The place of a series among those of the samples, for [`Samples::push_at`].
    pub fn place(&mut self, id: SeriesId) -> u32 {
        let known = self.ids.get_index_of(&id);
        let place = known.unwrap_or_else(|| Arc::make_mut(&mut self.ids).insert_full(id).0);
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// Adds a sample of the series at a place that [`Samples::place`] gave.
    pub fn push_at(&mut self, place: u32, at_ms: i64, value: f64) {
        self.of.push(place);
        self.at_ms.push(at_ms);
        self.values.push(value);
    }

    /// The samples as series, each where its first sample came, their points in the order in which they came.
    pub fn to_series(&self) -> Vec<Series> {
        let mut points: Vec<Points> = vec![Points::default(); self.ids.len()];
        let mut order = Vec::new();
        for ((place, at_ms), value) in self.of.iter().zip(&self.at_ms).zip(&self.values) {
            let Some(points) = points.get_mut(*place as usize) else { continue };
            if points.is_empty() {
                order.push(*place as usize);
            }
            points.at_ms.push(*at_ms);
            points.values.push(*value);
        }
        let series = |place: usize| {
            let (id, points) = (self.ids.get_index(place)?, std::mem::take(points.get_mut(place)?));
            Some(Series { name: id.name.clone(), labels: id.labels.clone(), points: Arc::new(points) })
        };
        order.into_iter().filter_map(series).collect()
    }

    /// Some of the samples, in the order of the rows; rows past the end are left out.
    pub(super) fn pick(&self, rows: &[usize]) -> Self {
        let mut picked = Self { ids: self.ids.clone(), ..Self::default() };
        for at in rows {
            if let (Some(place), Some((at_ms, value))) = (self.of.get(*at), self.point(*at)) {
                picked.push_at(*place, at_ms, value);
            }
        }
        picked
    }

    /// How many bytes they take, the series not counted.
    pub(super) fn bytes(&self) -> usize {
        self.of.capacity() * 4 + self.at_ms.capacity() * 8 + self.values.capacity() * 8
    }
}
